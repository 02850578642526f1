"""A table of drafts in a test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests import clients
from tests.clients import Client
from tests.database import Database

COLUMNS = (
    "tenant text, day date, number bigint UNIQUE, code varchar(50) UNIQUE, note varchar(500)"
)


class Drafts:
    """A table whose rows wait for a number.

    Attributes:
        database: the test's.
        table: its name.
    """

    def __init__(self, database: Database, name: str, columns: str = COLUMNS) -> None:
        self.database, self.table = database, name.replace("-", "_")
        key = "integer" if database.case.dialect == "sqlite" else "bigint"
        database.run(f"CREATE TABLE {self.table} (id {key} PRIMARY KEY, {columns})")

    def add(self, *rows: tuple[Any, ...], columns: str = "id") -> None:
        """Add rows."""
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        self.database.run(f"INSERT INTO {self.table} ({columns}) VALUES {values}")

    def count(self, rows: int) -> None:
        """Add rows with the keys 1 to `rows`."""
        self.add(*((key,) for key in range(1, rows + 1)))

    def rows(self, columns: str = "id, number") -> list[tuple[Any, ...]]:
        """What the table has, by its keys."""
        return self.database.run(f"SELECT {columns} FROM {self.table} ORDER BY id")

    def column(self, name: str = "number") -> list[Any]:
        """What one column has, by the keys."""
        return [value for (value,) in self.rows(name)]


def literal(value: object) -> str:
    """A value in SQL."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("'", "''") + "'"


def of(table: str, column: str = "number") -> str:
    """A column of a table, as a text."""
    return f"{table}.{column}"


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[Client]:
    """A connection; on MariaDB and MySQL, one whose transactions are at READ COMMITTED."""
    async with database.connect() as client:
        of_the_family = database.case.dialect in ("mariadb", "mysql")
        if of_the_family and not isinstance(client, clients.AatomicPostgres):
            await client.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            await client.conn.rollback()
        yield client
