"""Everything that talks to PostgreSQL, once more on psycopg2, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

from tests.django.conftest import PSYCOPG2

HERE = Path(__file__).parent
FILES = ("sync", "transactions", "errors", "concurrency", "sqlite", "checks", "guard")
ASYNC = ("aatomic", "aatomic_tasks", "aatomic_cancel")
DRIVER = "tests/django/test_psycopg2.py::test_the_driver"


def test_on_psycopg2(postgres: str) -> None:
    files = [f"tests/django/test_{name}.py" for name in FILES + ASYNC]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-pno:cacheprovider", DRIVER, *files],
        cwd=HERE.parents[1],
        env=os.environ | {"ASEQ_DJANGO_DRIVER": "psycopg2", "ASEQ_TEST_POSTGRES_DSN": postgres},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout


def test_the_driver() -> None:
    with connection.cursor() as cursor:
        driver = type(cursor.connection).__module__.partition(".")[0]
    assert driver == ("psycopg2" if PSYCOPG2 else "psycopg")
