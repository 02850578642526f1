"""A number lost on SQLite under Tortoise, where the whole process shares one connection."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import TransactionManagementError
from tortoise.transactions import in_transaction

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection, create_table
from aseq.adapters.tortoise._block import LOST
from tests.cases import Case
from tests.clients import TortoiseSqlite, sqlite_file
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_usable
from tests.faults.stalls import Stall, stallable


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(Case(TortoiseSqlite, "sqlite"), sqlite_file(tmp_path))
    database.create_tables()
    return database


@asynccontextmanager
async def lost(work: Awaitable[Any], stall: Stall) -> AsyncIterator[None]:
    """A draw has stopped in the thread. It is cancelled after the block, and swallowed."""
    async with stall.holding():
        task = asyncio.ensure_future(work)
        await stall.reached()
        yield
        task.cancel()
        await asyncio.sleep(0)
        stall.release()
        with pytest.raises(asyncio.CancelledError):
            await task


async def explained(statement: Awaitable[Any]) -> None:
    with pytest.raises(TransactionManagementError) as caught:
        await statement
    assert str(caught.value) == LOST


def insert(client: Any, name: str) -> Awaitable[Any]:
    inserted: Awaitable[Any] = client.execute_query(f"INSERT INTO saved VALUES ('{name}', 9)")
    return inserted


async def test_whatever_is_asked_of_the_client_it_explains(
    database: Database, name: str
) -> None:
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with client.transaction():
            async with lost(seq.next_value(client.conn), stall):
                pass
            await explained(insert(client.conn, name))
            await explained(seq.next_value(client.conn))
            await explained(seq.last_value(client.conn))
            with pytest.raises(TransactionManagementError):
                async with client.savepoint():
                    pass
        await assert_usable(database, client, name)
    await assert_free(database, name)


async def test_statements_that_wait_for_their_turn(database: Database, name: str) -> None:
    """They have the connection already, and would be committed by themselves."""
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with client.transaction():
            async with lost(seq.next_value(client.conn), stall):
                waiting = asyncio.ensure_future(insert(client.conn, name))
                drawing = asyncio.ensure_future(seq.next_value(client.conn))
                await asyncio.sleep(0)
            await explained(waiting)
            await explained(drawing)
        await assert_usable(database, client, name)


async def test_a_block_inside_the_one_that_lost(database: Database, name: str) -> None:
    """Nothing leads from the outer client to the inner one."""
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with client.transaction():
            outer = client.conn
            async with client.savepoint():
                assert client.conn is not outer
                async with lost(seq.next_value(outer), stall):
                    pass
                await explained(insert(client.conn, name))
        await assert_usable(database, client, name)


async def test_others_go_on(database: Database, name: str) -> None:
    """Those who wait for the connection get it when the block has ended."""
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):

        async def another() -> int:
            async with in_transaction(client.alias) as own:  # type: ignore[attr-defined]
                number = await seq.next_value(own)
                await own.execute_query(f"INSERT INTO saved VALUES ('{name}', {number})")
            return number

        outside, context = client.conn, contextvars.copy_context()
        async with client.transaction():
            async with lost(seq.next_value(client.conn), stall):
                reading = asyncio.ensure_future(outside.execute_query_dict("SELECT 1 AS one"))
                writing = context.run(asyncio.ensure_future, another())
                await asyncio.sleep(0)
            assert not reading.done()
            assert not writing.done()
        assert await reading == [{"one": 1}]
        assert await writing == 2
        await assert_usable(database, client, name)


async def test_cancelled_while_it_waits_for_its_turn(database: Database, name: str) -> None:
    """It has sent nothing: the transaction is the other's."""
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with client.transaction():
            async with stall.holding():
                first = asyncio.ensure_future(seq.next_value(client.conn))
                await stall.reached()
                second = asyncio.ensure_future(seq.next_value(client.conn))
                await asyncio.sleep(0)
                second.cancel()
                await asyncio.sleep(0)
                stall.release()
                assert await first == 2
            await client.save(name, 2)
        assert database.saved(name) == [1, 2]
        await assert_usable(database, client, name)


async def test_the_block_ends_while_a_task_waits_for_its_turn(
    database: Database, name: str
) -> None:
    """The task should have been waited for. Its number would be committed by itself."""
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with stall.holding():
            async with client.transaction():
                first = asyncio.ensure_future(seq.next_value(client.conn))
                await stall.reached()
                second = asyncio.ensure_future(seq.next_value(client.conn))
                await asyncio.sleep(0)
                asyncio.get_running_loop().call_soon(stall.release)
            assert await first == 2
            # Whichever gets the turn first, the COMMIT or the second draw.
            with pytest.raises(
                (NotInTransaction, UnsupportedConnection), match="its block has ended"
            ):
                await second
        assert database.last(name) == 2


async def test_a_closed_coroutine(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with client.transaction():
            async with stall.holding():
                draw = seq.next_value(client.conn)
                draw.send(None)
                await stall.reached()
                draw.close()
                stall.release()
            await explained(insert(client.conn, name))
        await assert_usable(database, client, name)


async def test_a_database_in_memory_survives(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with Database(database.case, ":memory:").connect() as client:
        await create_table(client.conn)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1
        async with client.transaction():
            draw = asyncio.ensure_future(seq.next_value(client.conn))
            for _ in range(3):
                await asyncio.sleep(0)
            draw.cancel()
            with pytest.raises(asyncio.CancelledError):
                await draw
            await explained(insert(client.conn, name))
        async with client.transaction():
            assert await seq.next_value(client.conn) == 2
