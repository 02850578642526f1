"""A PostgreSQL primary with a standby: what survives, and what is lost without waiting."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import anyio
import asyncpg
import psycopg
import pytest
from anyio.to_thread import run_sync
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import AsyncSequence, create_table
from aseq.issuing import Issuer
from aseq.ledger import Ledger
from devtools.clusters.postgres import Pair, postgres_pair

from .issued import FILL, TABLE, assert_issued, issue_all
from .takers import Takers, assert_complete, tell

FAILOVERS = int(os.environ.get("ASEQ_FAILOVERS", "20"))
TAKERS = 8

# A lost connection, in asyncpg's words, and in those of the socket.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    OSError,
)

numbers = AsyncSequence("invoices")


class HasDsn(Protocol):
    """A server."""

    @property
    def dsn(self) -> str: ...


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres_pair() as pair:
        yield pair


@asynccontextmanager
async def connected(pair: Pair) -> AsyncIterator[Any]:
    """A connection to whoever is the primary now."""
    conn = await asyncpg.connect(pair.primary.dsn, timeout=10)
    try:
        yield conn
    finally:
        conn.terminate()


async def ready(pair: Pair) -> None:
    """Return when whoever is the primary now says so: a standby is promoted, for example."""
    with anyio.fail_after(90):
        while not await is_promoted(pair.primary):  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def is_promoted(server: HasDsn) -> bool:
    """Whether it says so itself."""
    try:
        conn = await asyncpg.connect(server.dsn, timeout=10)
        try:
            return await conn.fetchval("SELECT pg_is_in_recovery()") is False
        finally:
            conn.terminate()
    except (*LOST, asyncpg.CannotConnectNowError):
        return False


async def prepare(pair: Pair) -> None:
    async with connected(pair) as conn:
        await create_table(conn)
        await Ledger().create_table(conn)
        await conn.execute("CREATE TABLE invoice (key text PRIMARY KEY, number bigint UNIQUE)")


def takers_of(pair: Pair) -> Takers:
    async def draw(key: str) -> int:
        async with connected(pair) as conn, conn.transaction():
            number = await numbers.next_value(conn)
            await conn.execute("INSERT INTO invoice VALUES ($1, $2)", key, number)
        return number

    async def look_up(key: str) -> int | None:
        async with connected(pair) as conn:
            found: int | None = await conn.fetchval(
                "SELECT number FROM invoice WHERE key = $1", key
            )
            return found

    return Takers(draw, look_up, lambda _: ready(pair), LOST)


def saved(pair: Pair) -> tuple[list[Any], int]:
    return saved_on(pair.primary.dsn)


def saved_on(dsn: str) -> tuple[list[Any], int]:
    """The rows, in their order, and the last number."""
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT key, number FROM invoice ORDER BY number").fetchall()
        last = conn.execute("SELECT last FROM aseq_sequence WHERE name = 'invoices'").fetchone()
    return rows, last[0] if last else 0


async def test_a_primary_killed_under_load_again_and_again(pair: Pair) -> None:
    await prepare(pair)
    takers = takers_of(pair)
    async with takers.working(TAKERS):
        for _ in range(FAILOVERS):
            await takers.more(50)
            await run_sync(pair.fail_over)
            await takers.more(20)  # on a server without a standby
            await run_sync(pair.join)
        await takers.more(50)

    rows, last = saved(pair)
    assert_complete(takers, rows, last)
    tell(f"{last} numbers, {FAILOVERS} failovers, {takers.retried=} {takers.ambiguous=}")


async def test_a_standby_cut_off_keeps_all_waiting_until_it_is_back(pair: Pair) -> None:
    await prepare(pair)
    takers = takers_of(pair)
    async with takers.working(TAKERS):
        await takers.more(20)
        await run_sync(pair.cut_off)
        waits = "SELECT count(*) >= 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        await run_sync(pair.wait, pair.primary, waits)
        before = len(takers.acknowledged)
        await run_sync(pair.reconnect)
        await takers.more(20)

    assert before < len(takers.acknowledged)
    rows, last = saved(pair)
    assert_complete(takers, rows, last)
    assert sum(takers.ambiguous.values()) == 0


async def test_a_cancelled_commit_returns_though_only_the_primary_has_it(pair: Pair) -> None:
    """What to do about it is on the page: never let a COMMIT that waits be cancelled."""
    await prepare(pair)
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
    async with connected(pair) as conn, conn.transaction():
        assert await numbers.next_value(conn) == number  # once more


async def test_the_issuer_goes_on_after_a_failover(pair: Pair) -> None:
    await prepare(pair)
    async with connected(pair) as conn:
        await conn.execute(TABLE)
        await conn.execute(FILL)

    async def connect() -> Any:
        return await asyncpg.connect(pair.primary.dsn, timeout=10)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    answers = await issue_all(
        Issuer(engine, numbers, "draft.number", key="id", timeout=5),
        lambda: ready(pair),
        lambda: run_sync(pair.fail_over),
    )
    await engine.dispose()

    with psycopg.connect(pair.primary.dsn) as conn:
        assert_issued(answers, conn.execute("SELECT id, number FROM draft").fetchall())


async def test_a_key_of_the_ledger_has_its_number_after_a_failover(pair: Pair) -> None:
    await prepare(pair)
    ledger = Ledger()

    async def issue(key: str) -> int:
        async with connected(pair) as conn, conn.transaction():
            return await ledger.issue(conn, numbers, key=key)

    first = {key: await issue(key) for key in ("a", "b", "c")}
    await run_sync(pair.fail_over)
    again = {key: await issue(key) for key in ("c", "b", "a", "d")}
    assert again == first | {"d": 4}


async def test_what_asynchronous_replication_loses_and_the_remedy() -> None:
    with postgres_pair(synchronous=False) as pair:
        await prepare(pair)
        takers = takers_of(pair)
        known = [await takers.take(f"kept-{each}") for each in range(3)]
        pair.wait(
            pair.primary, "SELECT replay_lsn = pg_current_wal_lsn() FROM pg_stat_replication"
        )
        pair.cut_off()
        known += [await takers.take(f"lost-{each}") for each in range(3)]
        assert known == [1, 2, 3, 4, 5, 6]
        pair.fail_over()

        rows, last = saved(pair)
        assert (sorted(number for _, number in rows), last) == ([1, 2, 3], 3)

        # 4 would be given to somebody else: go on behind all that anybody has seen.
        async with connected(pair) as conn, conn.transaction():
            assert await numbers.advance_to(conn, max(known)) == 6
        assert await takers.take("after") == 7
