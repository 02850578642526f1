"""Everything behind a real PgBouncer in transaction mode: nothing needs a session."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence, SequenceLocked, allocate, holders
from aseq.numbering import Numbering
from tests.blocks import Undo
from tests.cases import Case
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import assert_gapless
from tests.pooler.clients import NEW, OLD
from tests.pooler.server import POOL_SIZE, prepares

TASKS, ROUNDS = 8, 12


@pytest.fixture(params=[*OLD, *NEW], ids=lambda kind: kind.__name__)
def database(request: pytest.FixtureRequest, pooler: str) -> Database:
    if request.param in NEW and not prepares():
        pytest.skip("this PgBouncer is older than 1.21, which knows prepared statements")
    database = Database(Case(request.param, "postgresql"), pooler)
    database.create_tables()
    return database


async def one(conn: Any, seq: AsyncSequence, _: Numbering) -> list[int]:
    return [await seq.next_value(conn, timeout=20)]


async def at_once(conn: Any, seq: AsyncSequence, _: Numbering) -> list[int]:
    with suppress(SequenceLocked):
        return [await seq.next_value(conn, nowait=True)]
    return []


async def both(conn: Any, seq: AsyncSequence, numbers: Numbering) -> list[int]:
    wanted: dict[AsyncSequence | Numbering, int] = {numbers: 1, seq: 2}
    return list((await allocate(conn, wanted))[seq])


async def after_each_other(conn: Any, seq: AsyncSequence, numbers: Numbering) -> list[int]:
    drawn = list(await seq.next_values(conn, 2))
    await numbers.next(conn, timeout=20)
    return drawn


WAYS = (one, at_once, both, after_each_other)


async def test_every_way_of_drawing(database: Database, name: str) -> None:
    seq, numbers = AsyncSequence(name), Numbering(f"{name}-n", "{year}-{number}", tz="UTC")

    async def draw(client: Client, chance: random.Random) -> None:
        with suppress(Undo):
            async with client.savepoint():
                await seq.next_value(client.conn)
                raise Undo
        for number in await chance.choice(WAYS)(client.conn, seq, numbers):
            await client.save(name, number)
        if chance.random() < 0.2:
            raise Undo

    async def work(seed: int) -> None:
        chance = random.Random(seed)
        async with database.connect() as client:
            for _ in range(ROUNDS):
                with suppress(Undo):
                    async with client.transaction():
                        await draw(client, chance)

    with anyio.fail_after(120):
        async with anyio.create_task_group() as tasks:
            for seed in range(TASKS):
                tasks.start_soon(work, seed)

    assert_gapless(database, name)
    assert database.last(name)
    async with database.connect() as client, client.transaction():
        assert await holders(client.conn, seq, numbers) == []
        assert await client.scalar("SHOW lock_timeout") == "0"


async def test_a_time_out(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as waiter:
        async with holder.transaction():
            await holder.save(name, await seq.next_value(holder.conn))
            with anyio.fail_after(20), pytest.raises(SequenceLocked):
                async with waiter.transaction():
                    await seq.next_value(waiter.conn, timeout=0.05)
        async with waiter.transaction():
            await waiter.save(name, await seq.next_value(waiter.conn, timeout=20))

    assert_gapless(database, name)


async def test_a_hot_tenant_leaves_room_for_the_others(
    postgres: str, pooler: str, name: str
) -> None:
    """Twice as many waiters as the pooler has connections: time-outs give them back."""
    hot, cool = AsyncSequence(f"{name}-hot"), AsyncSequence(f"{name}-cool")
    database = Database(Case(OLD[0], "postgresql"), postgres)
    database.create_tables()
    over = anyio.Event()

    async def wait(url: str) -> None:
        conn = await asyncpg.connect(url, statement_cache_size=0)
        while not over.is_set():
            with suppress(SequenceLocked):
                async with conn.transaction():
                    await hot.next_value(conn, timeout=0.5)
                    raise AssertionError("it is held")
        await conn.close()

    holder, asks = await asyncpg.connect(postgres), await asyncpg.connect(postgres)
    other = await asyncpg.connect(pooler, statement_cache_size=0)
    async with holder.transaction(), anyio.create_task_group() as tasks:
        await hot.next_value(holder)
        for _ in range(2 * POOL_SIZE):
            tasks.start_soon(wait, pooler)
        with anyio.fail_after(60):
            while len(await holders(asks, hot)) <= POOL_SIZE:  # noqa: ASYNC110  # the server
                await anyio.sleep(0.01)  # tells only who asks
            for expected in range(1, 6):
                async with other.transaction():
                    assert await cool.next_value(other, timeout=20) == expected
        over.set()
    for conn in (holder, asks, other):
        await conn.close()


async def test_a_start_up_parameter_is_refused(pooler: str) -> None:
    """PgBouncer can't give it to a server connection that others use, too."""
    with pytest.raises(asyncpg.PostgresError, match="unsupported startup parameter"):
        await asyncpg.connect(pooler, server_settings={"lock_timeout": "2s"})
