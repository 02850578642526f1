from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aseq import create_table_sql
from tests.clients import sqlite_file
from tests.database import SAVED
from tests.sync.kinds import KINDS, Kind


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of connection."""
    found: Kind = request.param
    return found


@pytest.fixture
def url(kind: Kind, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database with the tables of the tests."""
    if kind.dialect == "postgresql":
        found: str = request.getfixturevalue("postgres")
        with psycopg.connect(found, autocommit=True) as pg:
            pg.execute(create_table_sql("postgresql"))
            pg.execute(SAVED)
        return found
    found = sqlite_file(tmp_path)
    with closing(sqlite3.connect(found)) as lite, lite:
        lite.execute(create_table_sql("sqlite"))
        lite.execute(SAVED)
    return found


@pytest.fixture
def last(kind: Kind, url: str) -> Callable[[str], int | None]:
    """Reads the committed last value of a sequence."""

    def read(name: str) -> Any:
        sql = f"SELECT max(last) FROM aseq_sequence WHERE name = '{name}'"
        if kind.dialect == "postgresql":
            with psycopg.connect(url) as pg:
                return pg.execute(sql).fetchall()[0][0]
        with closing(sqlite3.connect(url)) as lite:
            return lite.execute(sql).fetchall()[0][0]

    return read
