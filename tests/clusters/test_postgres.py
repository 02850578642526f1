"""A PostgreSQL primary with a standby: what survives, and what is lost without waiting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import anyio
import asyncpg
import psycopg
import pytest
from anyio.to_thread import run_sync

from devtools.clusters.postgres import Pair, postgres_pair
from devtools.postgres import PostgresServer

from .primary import (
    OnPrimary,
    connected,
    is_promoted,
    issue_by_key,
    issue_drafts,
    numbers,
    prepare,
    saved,
)
from .takers import assert_complete, tell

FAILOVERS = int(os.environ.get("ASEQ_FAILOVERS", "20"))
TAKERS = 8


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with postgres_pair() as pair:
        yield pair


@pytest.fixture
async def pair(servers: Pair) -> Pair:
    """A primary with empty tables, and its standby: a new one, if a test has promoted it."""
    if servers.standby is None:
        servers.join()
    await prepare(servers.primary)
    return servers


async def find(pair: Pair) -> PostgresServer:
    """Whoever is the primary now, when it says so: a standby is promoted, for example."""
    with anyio.fail_after(90):
        while not await is_promoted(pair.primary):  # noqa: ASYNC110
            await anyio.sleep(0.01)
        return pair.primary


def takers_on(pair: Pair) -> OnPrimary:
    return OnPrimary(pair.primary, lambda: find(pair))


async def test_a_primary_killed_under_load_again_and_again(pair: Pair) -> None:
    clients = takers_on(pair)
    async with clients.takers.working(TAKERS):
        for _ in range(FAILOVERS):
            await clients.takers.more(50)
            await run_sync(pair.fail_over)
            await clients.takers.more(20)  # on a server without a standby
            await run_sync(pair.join)
        await clients.takers.more(50)

    rows, last = saved(pair.primary)
    assert_complete(clients.takers, rows, last)
    tell(f"{last} numbers, {FAILOVERS} failovers, {clients}")


async def test_a_standby_cut_off_keeps_all_waiting_until_it_is_back(pair: Pair) -> None:
    takers = takers_on(pair).takers
    async with takers.working(TAKERS):
        await takers.more(20)
        await run_sync(pair.cut_off)
        waits = "SELECT count(*) >= 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        await run_sync(pair.wait, pair.primary, waits)
        before = len(takers.acknowledged)
        await run_sync(pair.reconnect)
        await takers.more(20)

    assert before < len(takers.acknowledged)
    rows, last = saved(pair.primary)
    assert_complete(takers, rows, last)
    assert sum(takers.ambiguous.values()) == 0


async def test_a_cancelled_commit_returns_though_only_the_primary_has_it(pair: Pair) -> None:
    """What to do about it is on the page: never let a COMMIT that waits be cancelled."""
    await run_sync(pair.cut_off)
    told: list[str] = []
    async with await psycopg.AsyncConnection.connect(pair.primary.dsn) as conn:
        conn.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
        number = await numbers.next_value(conn)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(conn.commit)
            waits = "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            await run_sync(pair.wait, pair.primary, waits)
            await conn.cancel_safe()
    assert "canceling wait for synchronous replication" in told[0]

    await run_sync(pair.fail_over)
    async with connected(pair.primary) as conn, conn.transaction():
        assert await numbers.next_value(conn) == number  # once more


async def test_the_issuer_goes_on_after_a_failover(pair: Pair) -> None:
    async def connect() -> Any:
        return await asyncpg.connect(pair.primary.dsn, timeout=10)

    await issue_drafts(connect, lambda: find(pair), lambda: run_sync(pair.fail_over))


async def test_a_key_of_the_ledger_has_its_number_after_a_failover(pair: Pair) -> None:
    await issue_by_key(lambda: find(pair), lambda: run_sync(pair.fail_over))


async def test_what_asynchronous_replication_loses_and_the_remedy() -> None:
    with postgres_pair(synchronous=False) as pair:
        await prepare(pair.primary)
        takers = takers_on(pair).takers
        known = [await takers.take(f"kept-{each}") for each in range(3)]
        pair.wait(
            pair.primary, "SELECT replay_lsn = pg_current_wal_lsn() FROM pg_stat_replication"
        )
        pair.cut_off()
        known += [await takers.take(f"lost-{each}") for each in range(3)]
        assert known == [1, 2, 3, 4, 5, 6]
        pair.fail_over()

        rows, last = saved(pair.primary)
        assert (sorted(number for _, number in rows), last) == ([1, 2, 3], 3)

        # 4 would be given to somebody else: go on behind all that anybody has seen.
        async with connected(pair.primary) as conn, conn.transaction():
            assert await numbers.advance_to(conn, max(known)) == 6
        assert await takers.take("after") == 7
