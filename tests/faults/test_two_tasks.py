"""Two tasks that draw on one connection: not advised, but no number is lost or repeated."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from aseq import AsyncSequence
from tests import clients
from tests.clients import TortoiseClient
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_usable, commit_anyway
from tests.faults.attempts import Attempt, asyncio_runs
from tests.faults.stalls import stallable

# The drivers in which a second task waits for its turn, and SQLAlchemy doesn't interfere;
# elsewhere it is refused, or the connection is given up.
PATIENT = (clients.Psycopg, clients.Aiosqlite, TortoiseClient)

pytestmark = pytest.mark.only(awaited=True, client=PATIENT)  # it cancels calls


async def turns(count: int) -> None:
    """Let the event loop turn."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_the_second_is_cancelled_while_it_waits_in_the_driver(
    database: Database, name: str
) -> None:
    """It has sent nothing, so the first one's transaction is none of its business."""
    seq, first, second = AsyncSequence(name), Attempt(), Attempt()
    async with stallable(database, name) as (client, stall):
        async with client.transaction():
            async with stall.holding(), anyio.create_task_group() as tasks:
                tasks.start_soon(first, lambda: seq.next_value(client.conn))
                await stall.reached(first.ended)
                tasks.start_soon(second, lambda: seq.next_value(client.conn))
                await turns(20)
                second.cancel("scope")
                await turns(20)
                stall.release()
            numbers = [n for n in (first.value, second.value) if n is not None]
            for number in numbers:
                await client.save(name, number)

        assert first.value is not None
        if asyncio_runs():
            assert second.value is None
        assert database.saved(name)[-len(numbers) :] == numbers
        await assert_free(database, name)
        await assert_usable(database, client, name)


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "late"])
async def test_the_first_is_cancelled_while_the_second_waits(
    database: Database, name: str, late: bool
) -> None:
    """Nothing is given back by arithmetic: the second may have drawn the next number."""
    seq, first, second = AsyncSequence(name), Attempt(), Attempt()
    async with stallable(database, name) as (client, stall):

        async def draw() -> Any:
            async with stall.holding(), anyio.create_task_group() as tasks:
                tasks.start_soon(first, lambda: seq.next_value(client.conn))
                await stall.reached(first.ended)
                tasks.start_soon(second, lambda: seq.next_value(client.conn))
                await turns(20)
                if late:
                    stall.release_unnoticed()
                first.cancel("scope")
                stall.release()
            if first.value is not None:
                await client.save(name, first.value)
            return second.value

        await commit_anyway(client, name, draw)

        await assert_free(database, name)
        await assert_usable(database, client, name)
