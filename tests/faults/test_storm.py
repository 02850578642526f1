"""Everything at once: many tasks, random rollbacks, savepoints, timeouts and cancellations."""

from __future__ import annotations

import random
from contextlib import suppress

import anyio
import pytest

from aseq import AsyncSequence
from tests.clients import Client, Sqlite3
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_gapless, roll_back
from tests.faults.attempts import Attempt, asyncio_runs
from tests.proxy import proxy_before

pytestmark = pytest.mark.only(awaited=True)  # it cancels calls

WORKERS, TRANSACTIONS = 8, 10


class Undone(Exception):
    """Rolls a transaction, or a savepoint, back."""


async def transact(client: Client, seq: AsyncSequence, dice: random.Random) -> None:
    """One transaction of a user whose errors are all in the worst places."""
    async with client.transaction():
        await client.save(f"{seq.name}-other", 0)
        with anyio.move_on_after(dice.choice([0, 0.001, 0.005, 0.02, 60])):
            await saved(client, seq, await seq.next_value(client.conn))
        with suppress(Exception):  # the transaction may be unusable, or its driver refuse it
            if dice.random() < 0.3:
                await undone_in_a_savepoint(client, seq, dice)
        if dice.random() < 0.2:
            raise Undone


async def saved(client: Client, seq: AsyncSequence, number: int) -> None:
    """Save what was drawn, whatever comes: a number that its caller drops is a gap."""
    with anyio.CancelScope(shield=True):
        await client.save(seq.name, number)


async def undone_in_a_savepoint(
    client: Client, seq: AsyncSequence, dice: random.Random
) -> None:
    """Draw more, and give it back with the savepoint."""
    with suppress(Undone):
        async with client.savepoint():
            for number in await seq.next_values(client.conn, dice.randint(1, 3)):
                await client.save(seq.name, number)
            raise Undone


def ways(database: Database) -> list[str]:
    """How users may cancel. A thread of their own is left alone by `task.cancel()`."""
    left_alone = issubclass(database.case.client, Sqlite3)
    return ["task", "scope"] if asyncio_runs() and not left_alone else ["scope"]


async def work(database: Database, url: str, seq: AsyncSequence, seed: int) -> None:
    """Some transactions one after the other, each of which may be cancelled."""
    dice = random.Random(seed)
    for _ in range(TRANSACTIONS):
        async with Database(database.case, url).connect() as client:
            async with client.transaction():  # what is cancelled is no attempt to connect
                await client.save(f"{seq.name}-other", 0)
            attempt = Attempt()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(attempt, lambda c=client: transact(c, seq, dice))
                if dice.random() < 0.4:
                    await anyio.sleep(dice.uniform(0, 0.03))
                    if not attempt.ran_out:
                        attempt.cancel(dice.choice(ways(database)))
            with suppress(Exception):
                await roll_back(client)


@pytest.mark.parametrize("seed", [1])
async def test_a_storm(database: Database, name: str, seed: int) -> None:
    seq = AsyncSequence(name)
    if database.case.dialect != "sqlite":
        with proxy_before(database.url, delay=0.002) as proxy:
            await storm(database, proxy.url, seq, seed)
    else:
        await storm(database, database.url, seq, seed)

    assert_gapless(database, name)
    assert len(database.saved(name)) > 5
    await assert_free(database, name)


async def storm(database: Database, url: str, seq: AsyncSequence, seed: int) -> None:
    async with anyio.create_task_group() as tasks:
        for worker in range(WORKERS):
            tasks.start_soon(work, database, url, seq, seed * 1000 + worker)
