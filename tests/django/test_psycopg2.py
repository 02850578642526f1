"""Everything that talks to PostgreSQL, once more on psycopg2, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.django.conftest import PSYCOPG2

HERE = Path(__file__).parent
FILES = ("sync", "transactions", "errors", "concurrency", "checks", "psycopg2")


@pytest.mark.skipif(PSYCOPG2, reason="this is that process")
def test_on_psycopg2(postgres: str) -> None:
    files = [str(HERE / f"test_{name}.py") for name in FILES]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-n0",
            "-k",
            "not tmp",
            *files,
        ],
        cwd=HERE.parents[1],
        env=os.environ | {"ASEQ_DJANGO_DRIVER": "psycopg2", "ASEQ_TEST_POSTGRES_DSN": postgres},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not PSYCOPG2, reason="only in that process")
def test_it_really_is_psycopg2() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        assert type(cursor.connection).__module__.startswith("psycopg2")
