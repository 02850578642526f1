from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aseq import create_table_sql
from tests import outside
from tests.clients import sqlite_file
from tests.database import SAVED
from tests.mysqlclient import need_mysqlclient
from tests.sync.kinds import KINDS, Kind


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of connection."""
    found: Kind = request.param
    if found.needs_mysqlclient:
        need_mysqlclient()
    return found


@pytest.fixture
def url(kind: Kind, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database with the tables of the tests."""
    server = {"mariadb": "mariadb", "postgresql": "postgres"}.get(kind.dialect)
    found: str = request.getfixturevalue(server) if server else sqlite_file(tmp_path)
    for sql in (create_table_sql(kind.dialect), SAVED):
        run(kind, found, sql)
    return found


def run(kind: Kind, url: str, sql: str) -> Sequence[Any]:
    """Run a statement on a plain connection that isn't the test's, and commit."""
    if kind.dialect != "sqlite":
        return outside.run(url, sql)
    with closing(sqlite3.connect(url)) as lite, lite:
        return lite.execute(sql).fetchall()


@pytest.fixture
def last(kind: Kind, url: str) -> Callable[[str], int | None]:
    """Reads the committed last value of a sequence."""

    def read(name: str) -> Any:
        [[found]] = run(kind, url, f"SELECT max(last) FROM aseq_sequence WHERE name = '{name}'")
        return found

    return read
