"""SQLite's one writer: who holds the write lock, and whose transactions come late for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.clients import Aiosqlite, AiosqliteLegacy, SessionAiosqliteDefault, Sqlite3Legacy
from tests.database import Database

LOCKED = (
    "sequence {!r} is held by another transaction: SQLite has one writer at a time, and "
    "another connection is writing (database is locked). Roll back and try again. Start "
    "transactions with BEGIN IMMEDIATE, so that they wait for their turn instead of "
    "failing (with SQLAlchemy, aseq.sqlalchemy.begin_immediate(engine) does that). "
    "The connection's timeout sets how long they wait"
)


class AiosqliteDeferred(Aiosqlite):
    """A transaction that takes the write lock only when it writes."""

    begin = "BEGIN"


# The kinds of connection whose transactions don't begin with the write lock.
LATE = [
    pytest.param(client, backend, id=f"{client.__name__}-{backend}")
    for client, backend in (
        (SessionAiosqliteDefault, "asyncio"),
        (AiosqliteLegacy, "asyncio"),
        (AiosqliteDeferred, "asyncio"),
        (Sqlite3Legacy, "asyncio"),
        (Sqlite3Legacy, "trio"),
    )
]


@contextmanager
def writing(database: Database) -> Iterator[sqlite3.Connection]:
    """Another connection holds the write lock for the length of the block."""
    with closing(sqlite3.connect(database.url, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        yield conn
        if conn.in_transaction:
            conn.execute("ROLLBACK")
