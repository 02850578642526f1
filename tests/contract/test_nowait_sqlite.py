"""nowait on SQLite: the one writer is not waited for, and the busy timeout is put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest

from aseq import AsyncSequence, SequenceLocked, is_retryable
from tests.cases import Case
from tests.clients import (
    Aiosqlite,
    AiosqliteLegacy,
    SessionAiosqliteDefault,
    Sqlite3Legacy,
    sqlite_file,
)
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


@pytest.mark.only(dialect="sqlite")
async def test_the_busy_timeout_is_put_back(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        await client.execute("PRAGMA busy_timeout = 4321")
        assert await seq.next_value(client.conn, nowait=True) == 1
        assert await client.scalar("PRAGMA busy_timeout") == 4321
        assert await seq.next_values(client.conn, 2, nowait=True) == range(2, 4)
        assert await client.scalar("PRAGMA busy_timeout") == 4321

    assert database.last(name) == 3


@pytest.mark.parametrize(("kind", "anyio_backend"), LATE)
async def test_the_writer_is_not_waited_for(
    kind: type[Aiosqlite], tmp_path: Path, name: str
) -> None:
    database = Database(Case(kind, "sqlite"), sqlite_file(tmp_path))
    database.create_tables()
    seq = AsyncSequence(name)
    async with database.connect() as client:
        with writing(database):
            async with client.transaction():
                await client.execute("PRAGMA busy_timeout = 60000")
                with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
                    await seq.next_value(client.conn, nowait=True)
                assert await client.scalar("PRAGMA busy_timeout") == 60000
        async with client.transaction():
            assert await seq.next_value(client.conn, nowait=True) == 1

    assert str(caught.value) == LOCKED.format(name)
    assert is_retryable(caught.value)
    assert database.last(name) == 1


@pytest.mark.parametrize(("kind", "anyio_backend"), LATE)
async def test_who_read_first_cannot_write_after_another(
    kind: type[Aiosqlite], tmp_path: Path, name: str
) -> None:
    """SQLite fails it at once, whatever the timeout; the text names the way out."""
    database = Database(Case(kind, "sqlite"), sqlite_file(tmp_path))
    database.create_tables()
    database.run("PRAGMA journal_mode = wal")
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            if kind is not AiosqliteDeferred:  # these begin where Python thinks fit
                await client.execute("BEGIN")
            assert await seq.last_value(client.conn) is None
            database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 5)")
            with pytest.raises(SequenceLocked) as caught:
                await seq.next_value(client.conn)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 6

    assert str(caught.value) == LOCKED.format(name)
    assert isinstance(caught.value.__cause__, Exception)
    assert is_retryable(caught.value.__cause__)
