"""One database of a test: opening connections to it, and looking into it from outside."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

from aseq import create_table_sql
from tests import outside
from tests.cases import Case
from tests.clients import Client
from tests.clients.base import PATIENCE

SAVED = "CREATE TABLE IF NOT EXISTS saved (name varchar(100) NOT NULL, number bigint NOT NULL)"


class Database:
    """The database that a test's connections share.

    Attributes:
        case: the kind of connection that the test runs on.
        url: the PostgreSQL URL, or the name of the SQLite file.
        through: the URL for the test's connections, if they go through a pooler.
    """

    def __init__(self, case: Case, url: str, through: str = "") -> None:
        self.case, self.url, self.through = case, url, through or url

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        """A new connection of the test's kind, closed at the end of the block."""
        client = self.case.client(self.through)
        await client.open()
        try:
            yield client
        finally:
            await client.close()

    def create_tables(self) -> None:
        """Create the tables of the tests: the sequences, and the rows that carry numbers."""
        if self.case.dialect != "sqlite":
            self.run(create_table_sql(self.case.dialect))
            self.run(SAVED)
            return
        with closing(sqlite3.connect(self.url)) as lite:
            lite.execute(f"PRAGMA journal_mode = {self.case.client.journal_mode}")
            lite.executescript(f"BEGIN; {create_table_sql('sqlite')}; {SAVED}; COMMIT")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement on a plain connection that isn't the test's, and commit."""
        if self.case.dialect != "sqlite":
            return outside.run(self.url, sql)
        with closing(sqlite3.connect(self.url, timeout=PATIENCE)) as lite, lite:
            return lite.execute(sql).fetchall()

    def saved(self, name: str) -> list[int]:
        """The committed numbers of a sequence, sorted."""
        sql = f"SELECT number FROM saved WHERE name = '{name}' ORDER BY number"
        return [number for (number,) in self.run(sql)]

    def chain(self, name: str) -> tuple[list[int], int | None]:
        """`saved` and `last` of one moment: a COMMIT may be on its way in a driver's thread."""
        rows = self.run(
            f"SELECT 'saved', number FROM saved WHERE name = '{name}' "
            f"UNION ALL SELECT 'last', last FROM aseq_sequence WHERE name = '{name}'"
        )
        saved = sorted(number for column, number in rows if column == "saved")
        return saved, next((number for column, number in rows if column == "last"), None)

    def last(self, name: str, table: str = "aseq_sequence") -> int | None:
        """The committed last value of a sequence."""
        rows = self.run(f"SELECT last FROM {table} WHERE name = '{name}'")
        return rows[0][0] if rows else None
