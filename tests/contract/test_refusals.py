"""Promise 2: a number that would be committed by itself is refused before anything is sent."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
import pytest

from aseq import AsyncSequence, NotInTransaction
from tests.blocks import undone
from tests.cases import Case
from tests.clients import (
    Aiosqlite,
    Asyncpg,
    AsyncpgPool,
    Client,
    PsycopgBlock,
    Sqlite3,
    sqlite_file,
)
from tests.contract.verbs import VERBS
from tests.database import Database
from tests.observer import observing

BEGIN = "begin a transaction with `BEGIN IMMEDIATE` first"
BLOCK = "open one with `async with conn.transaction():`"
PSYCOPG = (
    "the connection is in autocommit mode: open a transaction with "
    "`async with conn.transaction():`"
)


class Autocommit(Aiosqlite):
    """The mode of Python 3.12 and later, which `isolation_level` doesn't show.

    The connection's own commit() and rollback() do nothing then.
    """

    async def commit(self) -> None:
        await self.execute("COMMIT")

    async def rollback(self) -> None:
        await self.execute("ROLLBACK")


class AiosqliteAutocommit(Autocommit):
    async def open(self) -> None:
        self.conn = await aiosqlite.connect(self.url, autocommit=True)


class Sqlite3Autocommit(Autocommit, Sqlite3):
    async def open(self) -> None:
        self.conn = sqlite3.connect(self.url, check_same_thread=False, autocommit=True)  # type: ignore[call-overload,unused-ignore]


# Kinds of connection that commit each statement by itself, and what they are told.
MODES: list[tuple[Case, str, str]] = [
    (Case(Asyncpg, "postgresql"), BLOCK, "asyncio"),
    (Case(AsyncpgPool, "postgresql"), BLOCK, "asyncio"),
    (Case(PsycopgBlock, "postgresql"), PSYCOPG, "asyncio"),
    (Case(Aiosqlite, "sqlite"), BEGIN, "asyncio"),
    (Case(Sqlite3, "sqlite"), BEGIN, "asyncio"),
    (Case(Sqlite3, "sqlite"), BEGIN, "trio"),
]
if sys.version_info >= (3, 12):
    MODES += [
        (Case(AiosqliteAutocommit, "sqlite"), BEGIN, "asyncio"),
        (Case(Sqlite3Autocommit, "sqlite"), BEGIN, "trio"),
    ]

pytestmark = pytest.mark.parametrize(
    ("kind", "advice", "anyio_backend"),
    [pytest.param(*mode, id=f"{mode[0].id}-{mode[2]}") for mode in MODES],
)


@pytest.fixture
def database(kind: Case, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    on_server = kind.dialect == "postgresql"
    url = request.getfixturevalue("postgres") if on_server else sqlite_file(tmp_path)
    database = Database(kind, url)
    database.create_tables()
    return database


@asynccontextmanager
async def nothing_said(client: Client, database: Database) -> AsyncIterator[None]:
    """The connection says nothing to the database inside the block."""
    if database.case.dialect == "postgresql":
        pid = await client.scalar("SELECT pg_backend_pid()")
        with observing(database.url) as observer:
            before = observer.heard(pid)
            yield
            assert observer.heard(pid) == before
        return
    said: list[str] = []
    traced = client.conn.set_trace_callback(said.append)
    if traced is not None:
        await traced
    yield
    assert said == []
    # The same eyes see what is said afterwards.
    await client.execute("SELECT 1")
    assert said == ["SELECT 1"]


@pytest.mark.parametrize("verb", VERBS)
async def test_refused_before_anything_is_sent(
    database: Database, name: str, verb: str, advice: str
) -> None:
    async with database.connect() as client:
        async with nothing_said(client, database):
            with pytest.raises(NotInTransaction) as caught:
                await VERBS[verb](AsyncSequence(name), client.conn)
        assert database.last(name) is None

    assert str(caught.value) == (
        f"sequence {name!r} isn't used inside a transaction, so the change would be "
        f"committed by itself and could leave a gap: {advice}"
    )
    assert (caught.value.sequence, caught.value.hint) == (name, advice)


async def test_refused_again_after_a_transaction(
    database: Database, name: str, advice: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1
        async with undone(client.transaction()):
            assert await seq.next_value(client.conn) == 2
        with pytest.raises(NotInTransaction) as caught:
            await seq.next_value(client.conn)

    assert caught.value.hint == advice
    assert database.last(name) == 1


@pytest.mark.usefixtures("advice")
async def test_let_through_if_asked_for(database: Database, name: str) -> None:
    seq = AsyncSequence(name, require_transaction=False)
    async with database.connect() as client:
        assert await seq.next_value(client.conn) == 1
        assert database.last(name) == 1
        assert await seq.next_value(client.conn, nowait=True) == 2
        assert await seq.next_values(client.conn, 3) == range(3, 6)
        assert await seq.advance_to(client.conn, 9) == 9
        assert database.last(name) == 9
        assert await seq.delete(client.conn)
        assert database.last(name) is None


@pytest.mark.usefixtures("advice")
async def test_reading_needs_no_transaction(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        assert await seq.last_value(client.conn) is None
        async with client.transaction():
            await seq.next_value(client.conn)
        assert await seq.last_value(client.conn) == 1
