"""`timeout=` on SQLite: it shortens the busy timeout for the statement, which is put back."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from aseq import AsyncSequence, SequenceLocked, is_retryable
from tests.cases import Case
from tests.clients import Aiosqlite, sqlite_file
from tests.contract.verbs import BOUNDED
from tests.contract.writer import LATE, LOCKED, writing
from tests.database import Database


@pytest.mark.only(dialect="sqlite")
@pytest.mark.parametrize("own", [4321, 7])
async def test_the_busy_timeout_is_put_back(database: Database, name: str, own: int) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        await client.execute(f"PRAGMA busy_timeout = {own}")
        for verb in BOUNDED.values():
            await verb(seq, client.conn, 0.5)
            assert await client.scalar("PRAGMA busy_timeout") == own
        assert await seq.next_value(client.conn, timeout=0.5) == 1


@pytest.mark.parametrize("verb", BOUNDED)
@pytest.mark.parametrize(("kind", "anyio_backend"), LATE)
async def test_the_writer_is_waited_for_that_long(
    kind: type[Aiosqlite], tmp_path: Path, name: str, verb: str
) -> None:
    database = Database(Case(kind, "sqlite"), sqlite_file(tmp_path))
    database.create_tables()
    seq = AsyncSequence(name)
    async with database.connect() as client:
        with writing(database):
            async with client.transaction():
                await client.execute("PRAGMA busy_timeout = 60000")
                with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
                    await BOUNDED[verb](seq, client.conn, 0.2)
                assert await client.scalar("PRAGMA busy_timeout") == 60000
        async with client.transaction():
            assert await seq.next_value(client.conn, timeout=20) == 1

    assert str(caught.value).startswith(LOCKED.format(name))
    assert caught.value.waited is not None
    assert 0.1 < caught.value.waited < 20  # SQLite's own steps end a little early
    assert is_retryable(caught.value)


@pytest.mark.parametrize(("kind", "anyio_backend"), LATE)
async def test_a_shorter_busy_timeout_stays(
    kind: type[Aiosqlite], tmp_path: Path, name: str
) -> None:
    database = Database(Case(kind, "sqlite"), sqlite_file(tmp_path))
    database.create_tables()
    async with database.connect() as client:
        with writing(database):
            async with client.transaction():
                await client.execute("PRAGMA busy_timeout = 20")
                with anyio.fail_after(20), pytest.raises(SequenceLocked):
                    await AsyncSequence(name).next_value(client.conn, timeout=3600)
