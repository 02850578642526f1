"""Promise 3 at every moment: cancelled at each turn of the loop, once or again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence
from tests import clients
from tests.clients import Client, TortoiseClient
from tests.database import Database
from tests.faults.aftermath import (
    assert_free,
    assert_gapless,
    assert_usable,
    commit_anyway,
    draw_and_save,
    roll_back,
)
from tests.faults.attempts import cancelled_at
from tests.faults.stalled import attempted
from tests.faults.stalls import stallable

pytestmark = pytest.mark.only(awaited=True)  # it cancels calls

TICKS = range(1, 41)

LOST_IN_ITS_BEGIN: tuple[type[Client], ...] = (clients.Asyncpg, TortoiseClient)
if not clients.ENDS_BLOCKS_THAT_NEVER_BEGAN:
    LOST_IN_ITS_BEGIN += (clients.PsycopgBlock,)

Verb = Callable[[AsyncSequence, Any], Awaitable[object]]
VERBS: dict[str, Verb] = {
    "next_value": lambda seq, conn: seq.next_value(conn),
    "next_values": lambda seq, conn: seq.next_values(conn, 3),
    "advance_to": lambda seq, conn: seq.advance_to(conn, 1000),
    "delete": lambda seq, conn: seq.delete(conn),
}


@pytest.fixture(autouse=True)
def _asyncio_only(anyio_backend: tuple[str, object]) -> None:
    if anyio_backend[0] != "asyncio":
        pytest.skip("only asyncio's tasks can be cancelled at a tick, or again and again")


async def test_cancelled_again_and_again(database: Database, name: str) -> None:
    async with stallable(database, name) as (client, stall):
        async with attempted(lambda: draw_and_save(client, name), stall) as attempt:
            for count in range(2000):
                if attempt.ran_out:
                    break
                attempt.cancel("task")
                if count == 20:
                    stall.release_if_it_cannot_be_interrupted()
                await asyncio.sleep(0)

        await assert_free_of(client, database, name)


async def test_cancelled_again_and_again_late(database: Database, name: str) -> None:
    async with stallable(database, name) as (client, stall):
        async with attempted(lambda: draw_and_save(client, name), stall) as attempt:
            stall.release_unnoticed()
            for _ in range(2000):
                if attempt.ran_out:
                    break
                attempt.cancel("task")
                await asyncio.sleep(0)

        await assert_free_of(client, database, name)


async def assert_free_of(client: Client, database: Database, name: str) -> None:
    """As `assert_free`. A connection whose own ROLLBACK was cancelled may have to be closed."""
    if database.case.dialect == "sqlite":
        await client.close()
    await assert_free(database, name)


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
async def test_a_verb_cancelled_at_every_tick_and_swallowed(
    database: Database, name: str, verb: Verb
) -> None:
    """Either its result is there and can be committed, or nothing of it ever is."""
    seq = AsyncSequence(name)
    undisturbed = 0
    async with database.connect() as client:
        await draw_and_save(client, name)
        for tick in TICKS:
            result = await swallowed(client, name, verb, tick)
            if isinstance(result, BaseException):
                assert database.last(name) == 1
                undisturbed = 0
            else:
                assert database.saved(f"{name}-{tick}") == [0]
                await start_again(client, seq)
                undisturbed += 1
            if undisturbed == 5:
                break  # too late to cancel anything
        await roll_back(client)
        await start_again(client, seq)


async def swallowed(client: Client, name: str, verb: Verb, tick: int) -> object:
    """What became of a verb, after everything was done to commit its transaction."""
    results: list[object] = []

    async def draw() -> int | None:
        await client.save(f"{name}-before", tick)
        results.append(await cancelled_at(tick, verb(AsyncSequence(name), client.conn)))
        if not isinstance(results[0], BaseException):
            await client.save(f"{name}-{tick}", 0)
        return None

    await commit_anyway(client, name, draw)
    return results[0]


async def start_again(client: Client, seq: AsyncSequence) -> None:
    """Put the sequence back to 1."""
    async with client.transaction():
        await seq.delete(client.conn)
        assert await seq.next_value(client.conn) == 1


async def test_a_transaction_cancelled_at_every_tick(database: Database, name: str) -> None:
    """asyncpg, cancelled in its own BEGIN, forgets that it is in a transaction.

    The next block on that connection is then a savepoint, and nothing in it is ever
    committed. Only the driver can mend that; a new connection each time avoids it, as a
    pool does. (psycopg before 3.3.7 refuses to commit anything then.) Tortoise, cancelled
    there, never gives the pool's connection back, and on SQLite never lets its own lock go.
    There is no gap and no repeat among what was committed.
    """
    if issubclass(database.case.client, clients.LOST_BY_SQLALCHEMY):
        pytest.skip("before 2.0.55, SQLAlchemy loses a cancelled connection of aiosqlite's")
    async with reopenable(database) as open_again:
        client = await open_again()
        for tick in TICKS:
            async with client.transaction():  # what is cancelled is no attempt to connect
                await client.save(f"{name}-other", tick)
            result = await cancelled_at(tick, draw_and_save(client, name))
            assert isinstance(result, (int, asyncio.CancelledError)), result
            if isinstance(client, LOST_IN_ITS_BEGIN):
                client = await open_again()
            assert_gapless(database, name)
            await roll_back(client)
        await assert_usable(database, client, name)
    await assert_free(database, name)


async def test_an_asyncpg_connection_cancelled_in_its_own_begin(
    database: Database, name: str
) -> None:
    """Used again all the same: what it says may be wrong, what is committed never is."""
    if database.case.client is not clients.Asyncpg:
        pytest.skip("what asyncpg does to its own plain connection")
    async with database.connect() as client:
        for tick in TICKS:
            await cancelled_at(tick, draw_and_save(client, name))
            with suppress(Exception):
                await draw_and_save(client, name)
            assert_gapless(database, name)
    await assert_free(database, name)


@asynccontextmanager
async def reopenable(
    database: Database,
) -> AsyncIterator[Callable[[], Awaitable[Client]]]:
    """A connection, which is replaced whenever the function is called."""
    current: list[Client] = []

    async def close() -> None:
        while current:
            await current.pop().close()

    async def open_again() -> Client:
        await close()
        client = database.case.client(database.url)
        await client.open()
        current.append(client)
        return client

    try:
        yield open_again
    finally:
        with anyio.CancelScope(shield=True):
            await close()
