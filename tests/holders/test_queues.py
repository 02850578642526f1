"""Who holds what, in the queue and outside it, and what can't be seen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence, Holder, create_table, holders
from tests.blocks import undone
from tests.observer import observing


@pytest.fixture
async def table(postgres: str, name: str) -> str:
    """A table of sequences of the test's own: others would be seen to write to it."""
    own = name.replace("-", "_")
    conn = await asyncpg.connect(postgres)
    await create_table(conn, own)
    await conn.close()
    return own


@asynccontextmanager
async def connected(url: str, *names: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections with application names."""
    async with AsyncExitStack() as stack:
        connections = []
        for each in names:
            settings = {"application_name": each}
            conn = await asyncpg.connect(url, server_settings=settings)
            stack.callback(conn.terminate)
            connections.append(conn)
        yield connections


async def draw(conn: asyncpg.Connection, seq: AsyncSequence) -> None:
    async with conn.transaction():
        await seq.next_value(conn)


def told(seen: list[Holder]) -> list[tuple[str | None, bool, bool]]:
    return [(each.application, each.holds, each.certain) for each in seen]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("waits_in_queue", [True, False])
@pytest.mark.parametrize("holds_in_queue", [True, False])
async def test_in_the_queue_and_outside_of_it(
    postgres: str, table: str, holds_in_queue: bool, waits_in_queue: bool, first: bool
) -> None:
    holding = AsyncSequence("a", table=table, fair=holds_in_queue)
    waiting = AsyncSequence("a", table=table, fair=waits_in_queue)
    async with connected(postgres, "holder", "one", "other", "asks") as connections:
        holder, one, other, asks = connections
        if not first:
            await draw(holder, holding)
        async with anyio.create_task_group() as tasks, holder.transaction():
            await holding.next_value(holder)
            alone = told(await holders(asks, waiting))
            for waiter in (one, other):
                tasks.start_soon(draw, waiter, waiting)
                with observing(postgres) as observer:
                    await observer.until_waiting(waiter.get_server_pid())
            beside = told(await holders(asks, waiting))
        assert await holders(asks, waiting) == []

    # What nobody can see yet: a first value that is in no queue.
    unseen = first and not (holds_in_queue and waits_in_queue)
    certain = not (unseen and not waits_in_queue)
    assert alone == ([] if unseen and waits_in_queue else [("holder", True, certain)])
    assert beside == [
        ("holder", True, certain),
        ("one", False, True),
        ("other", False, True),
    ]


async def test_a_savepoint_and_the_own_connection(postgres: str, table: str) -> None:
    seq = AsyncSequence("a", table=table, fair=False)
    async with connected(postgres, "holder", "asks") as (holder, asks):
        await draw(holder, seq)
        async with holder.transaction():
            async with undone(holder.transaction()):
                await seq.next_value(holder)
                [held] = await holders(asks, seq)
                [own] = await holders(holder, seq)
            assert await holders(asks, seq) == []

    assert (held.application, held.own) == ("holder", False)
    assert (own.application, own.own, own.state) == ("holder", True, "active")
    assert re.fullmatch(
        r"a: is held by backend \d+ \(holder, user \w+, this connection\), active for 0\.\d s; "
        r"its transaction began \d+\.\d s ago",
        str(own),
    )


async def test_one_that_writes_elsewhere_is_no_waiter(postgres: str, table: str) -> None:
    """It waits for the holder's transaction, but not for the sequence."""
    seq = AsyncSequence("a", table=table, fair=False)
    async with connected(postgres, "holder", "elsewhere", "asks") as connections:
        holder, elsewhere, asks = connections
        await asks.execute(f"CREATE TABLE jobs_of_{table[5:]} (id int PRIMARY KEY)")
        sql = f"INSERT INTO jobs_of_{table[5:]} VALUES (1) ON CONFLICT DO NOTHING"
        async with anyio.create_task_group() as tasks, holder.transaction():
            await holder.execute(sql)
            await seq.next_value(holder)
            tasks.start_soon(elsewhere.execute, sql)
            with observing(postgres) as observer:
                await observer.until_waiting(elsewhere.get_server_pid())
            assert [each.application for each in await holders(asks, seq)] == ["holder"]


async def test_two_tables_and_others_sequences(postgres: str, table: str) -> None:
    one, other = AsyncSequence("a", table=table), AsyncSequence("a")
    async with connected(postgres, "holder", "asks") as (holder, asks):
        await create_table(asks)
        async with holder.transaction():
            await one.next_value(holder)
            await AsyncSequence("b", table=table).next_value(holder)
            seen = await holders(asks, AsyncSequence("c", table=table), other, one)

    assert [(each.sequence, each.pid) for each in seen] == [("a", seen[0].pid)]


async def test_what_an_ordinary_role_may_see(postgres: str, table: str) -> None:
    seq, role = AsyncSequence("a", table=table), f"{table}_role"
    async with connected(postgres, "holder", "waiter", "asks") as (holder, waiter, asks):
        await asks.execute(f"CREATE ROLE {role}; GRANT SELECT ON {table} TO {role}")
        await asks.execute(f"SET ROLE {role}")
        async with anyio.create_task_group() as tasks, holder.transaction():
            await seq.next_value(holder)
            tasks.start_soon(draw, waiter, seq)
            with observing(postgres) as observer:
                await observer.until_waiting(waiter.get_server_pid())
            held, waits = await holders(asks, seq)
        await asks.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")

    assert (held.pid, held.application, held.holds) == (
        held.pid,
        "holder",
        True,
    )
    assert (held.state, held.since, waits.since, waits.holds) == (None, None, None, False)
    assert re.fullmatch(r"a: is held by backend \d+ \(holder, user \w+\)", str(held))
    assert re.fullmatch(r"a: backend \d+ \(waiter, user \w+\) waits for it", str(waits))


@pytest.mark.parametrize("fair", [True, False])
async def test_a_prepared_transaction(postgres: str, table: str, fair: bool) -> None:
    """Nobody is connected, and it holds the sequence all the same."""
    seq = AsyncSequence("a", table=table, fair=fair)
    async with connected(postgres, "holder", "asks") as (holder, asks):
        await draw(holder, seq)
        await holder.execute("BEGIN")
        await seq.next_value(holder)
        await holder.execute(f"PREPARE TRANSACTION '{table}'")
        try:
            [held] = await holders(asks, seq)
        finally:
            await asks.execute(f"ROLLBACK PREPARED '{table}'")

    assert (held.pid, held.holds, held.state) == (None, True, "prepared")
    assert str(held) == "a: is held by a prepared transaction"
