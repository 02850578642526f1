"""nowait on SQLite: the one writer is not waited for, and the busy timeout is put back."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from aseq import AsyncSequence, SequenceLocked, is_retryable
from tests.cases import Case
from tests.clients import (
    Aiosqlite,
    sqlite_file,
)
from tests.contract.writer import LATE, LOCKED, AiosqliteDeferred, writing
from tests.database import Database


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

    assert str(caught.value).startswith(LOCKED.format(name))
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

    assert str(caught.value).startswith(LOCKED.format(name))
    assert isinstance(caught.value.__cause__, Exception)
    assert is_retryable(caught.value.__cause__)
