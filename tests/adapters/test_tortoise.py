"""What only Tortoise does."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError, TransactionManagementError

from aseq import (
    AsyncSequence,
    NotInTransaction,
    SequenceTableMissing,
    UnsupportedConnection,
    create_table,
)
from tests.adapters.kinds import KINDS, SERVERS
from tests.blocks import backend_pid, undone
from tests.cases import Case
from tests.clients import (
    TortoiseAsyncmy,
    TortoiseAsyncpg,
    TortoiseClient,
    TortoisePsycopg,
    sqlite_file,
)
from tests.database import Database
from tests.observer import observing

OUTSIDE = "open one, and pass its client: `async with in_transaction() as client:`"
ENDED = (
    "its block has ended, or was ended by the database: open a new one, "
    "`async with in_transaction() as client:`"
)


@pytest.fixture(params=KINDS, ids=lambda kind: kind[0].__name__)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    client, dialect = request.param
    server = SERVERS.get(dialect)
    url = request.getfixturevalue(server) if server else sqlite_file(tmp_path)
    database = Database(Case(client, dialect), url)
    database.create_tables()
    return database


@pytest.fixture(autouse=True)
def _statements(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tortoise.db_client")


def sent(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What aseq sent, as Tortoise logs it."""
    logged = [r.getMessage() for r in caplog.records if r.name == "tortoise.db_client"]
    return [text for text in logged if "aseq_sequence" in text]


async def test_outside_of_a_transaction(
    database: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        with pytest.raises(NotInTransaction) as caught:
            await seq.next_value(client.conn)
        assert sent(caplog) == []
        assert await seq.last_value(client.conn) is None
        assert len(sent(caplog)) == 1

    assert caught.value.hint == OUTSIDE


async def test_outside_of_a_transaction_if_asked_for(database: Database, name: str) -> None:
    seq = AsyncSequence(name, require_transaction=False)
    async with database.connect() as client:
        assert await seq.next_value(client.conn) == 1
        assert await seq.next_value(client.conn, nowait=True) == 2
        assert database.last(name) == 2
        assert await seq.delete(client.conn)
        await create_table(client.conn, "another")


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_finished_client(
    database: Database, name: str, by_hand: bool, caplog: pytest.LogCaptureFixture
) -> None:
    seq = AsyncSequence(name, require_transaction=False)
    async with database.connect() as client:
        async with client.transaction():
            finished: Any = client.conn
            if by_hand:
                await finished.commit()
                await refused(seq, finished, ENDED)
        await refused(seq, finished, ENDED)
        async with client.transaction():
            await refused(seq, finished, ENDED)

    assert sent(caplog) == []
    assert database.last(name) is None


async def refused(seq: AsyncSequence, conn: Any, hint: str) -> None:
    for draw in (seq.next_value, seq.last_value):
        with pytest.raises(UnsupportedConnection) as caught:
            await draw(conn)
        assert caught.value.hint == hint


async def test_a_nested_client_of_a_finished_block(database: Database, name: str) -> None:
    """Tortoise on SQLite doesn't finish it: it would draw in the next transaction."""
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction(), client.savepoint():
            nested: Any = client.conn
        async with client.transaction():
            await refused(seq, nested, ENDED)


async def test_the_client_of_another_task(
    database: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    seq, opened, done = AsyncSequence(name), asyncio.Event(), asyncio.Event()
    async with database.connect() as client:

        async def owner() -> None:
            async with client.transaction():
                opened.set()
                await done.wait()

        task = asyncio.create_task(owner())
        await opened.wait()
        with pytest.raises(UnsupportedConnection, match="wasn't opened by this task"):
            await seq.next_value(client.conn)
        done.set()
        await task

    assert sent(caplog) == []


async def test_a_child_task_may_draw(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        draws = [seq.next_value(client.conn) for _ in range(4)]
        assert sorted(await asyncio.gather(*draws)) == [1, 2, 3, 4]


async def test_the_client_that_tortoise_has_inside(database: Database, name: str) -> None:
    """Also inside a nested block, where it is that of the outer one."""
    seq = AsyncSequence(name)
    async with database.connect() as client:
        alias = client.alias  # type: ignore[attr-defined]
        async with client.transaction():
            assert await seq.next_value(get_connection(alias)) == 1
            async with undone(client.savepoint()):
                assert await seq.next_value(get_connection(alias)) == 2
                assert await seq.next_value(client.conn) == 3
            assert await seq.next_value(client.conn) == 2

    assert database.last(name) == 2


async def test_errors_are_tortoises(database: Database, name: str) -> None:
    seq = AsyncSequence(name, table="no_table")
    async with database.connect() as client:
        with pytest.raises(SequenceTableMissing) as caught:
            async with client.transaction():
                await seq.next_value(client.conn)
        with pytest.raises(OperationalError) as tortoises:
            await client.conn.execute_query("SELECT * FROM no_table")

    assert type(caught.value.__cause__) is type(tortoises.value)


@pytest.mark.parametrize("kind", [TortoiseAsyncpg, TortoisePsycopg])
async def test_a_transaction_aborted_by_the_server(
    postgres: str, name: str, kind: type[TortoiseClient]
) -> None:
    database = Database(Case(kind, "postgresql"), postgres)
    async with database.connect() as client, undone(client.transaction()):
        with suppress(OperationalError):
            await client.execute("SELECT * FROM no_table")
        with pytest.raises(TransactionManagementError):
            await AsyncSequence(name).next_value(client.conn)


async def test_a_cancellation_leaves_the_block_as_it_is(mariadb: str, name: str) -> None:
    """And not the error of a rollback on the connection that was closed."""
    database = Database(Case(TortoiseAsyncmy, "mariadb"), mariadb)
    database.create_tables()
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as client:
        async with holder.transaction():
            await seq.next_value(holder.conn)
            pid = await backend_pid(client)

            async def draw() -> None:
                async with client.transaction(), client.savepoint():
                    await seq.next_value(client.conn)

            drawing = asyncio.ensure_future(draw())
            with observing(database.url) as observer:
                await observer.until_waiting(pid)
            drawing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await drawing
        async with client.transaction():
            assert await seq.next_value(client.conn) == 2


FALLBACK = """
import sys
sys.modules["asyncmy"] = None

from tortoise import Tortoise, run_async
from tortoise.transactions import in_transaction

import aseq


async def main():
    await Tortoise.init(db_url=sys.argv[1], modules={"models": ["aseq.tortoise.models"]})
    async with in_transaction() as client:
        print(await aseq.AsyncSequence(sys.argv[2]).next_values(client, 2))


run_async(main())
"""


def test_on_aiomysql(mariadb: str, name: str) -> None:
    """Tortoise takes it only where asyncmy isn't installed."""
    Database(Case(TortoiseAsyncmy, "mariadb"), mariadb).create_tables()
    url = mariadb.replace("root@", "root:@")
    program = [sys.executable, "-c", FALLBACK, url, name]
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    assert done.stdout == "range(1, 3)\n", done.stderr
