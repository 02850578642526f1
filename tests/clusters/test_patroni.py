"""PostgreSQL under Patroni: the primary is killed, and nobody promotes but Patroni."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import asyncpg
import psycopg
import pytest
from anyio.to_thread import run_sync
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import AsyncSequence, create_table, is_retryable
from aseq.issuing import Issuer
from aseq.ledger import Ledger
from devtools.clusters.etcd import PatroniUnavailable
from devtools.clusters.patroni import Cluster, Member, patroni

from .issued import FILL, TABLE, assert_issued, issue_all
from .takers import Takers, assert_complete, tell
from .test_postgres import LOST, is_promoted, saved_on

FAILOVERS = int(os.environ.get("ASEQ_PATRONI_FAILOVERS", "3"))
TAKERS = 8

numbers = AsyncSequence("invoices")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    try:
        with patroni() as cluster:
            yield cluster
    except PatroniUnavailable as exc:
        pytest.skip(str(exc))


@pytest.fixture(autouse=True)
async def tables(cluster: Cluster) -> None:
    """Those of aseq, and an empty table of invoices."""
    async with connected(cluster.until_primary()) as conn:
        await conn.execute("DROP TABLE IF EXISTS aseq_sequence, aseq_ledger, invoice, draft")
        await create_table(conn)
        await Ledger().create_table(conn)
        await conn.execute("CREATE TABLE invoice (key text PRIMARY KEY, number bigint UNIQUE)")
        await conn.execute(TABLE)
        await conn.execute(FILL)


@asynccontextmanager
async def connected(member: Member) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(member.dsn, timeout=10)
    try:
        yield conn
    finally:
        conn.terminate()


class Clients:
    """Clients who go where Patroni says that the primary is, as behind a proxy that asks it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.primary = cluster, cluster.until_primary()
        self.takers = Takers(self.draw, self.look_up, self.ready, LOST)

    async def draw(self, key: str) -> int:
        async with connected(self.primary) as conn, conn.transaction():
            number = await numbers.next_value(conn)
            await conn.execute("INSERT INTO invoice VALUES ($1, $2)", key, number)
        return number

    async def look_up(self, key: str) -> int | None:
        async with connected(self.primary) as conn:
            found: int | None = await conn.fetchval(
                "SELECT number FROM invoice WHERE key = $1", key
            )
            return found

    async def ready(self, _: str) -> None:
        self.primary = await run_sync(self.cluster.until_primary)


async def test_a_primary_killed_under_load_again_and_again(cluster: Cluster) -> None:
    clients = Clients(cluster)
    async with clients.takers.working(TAKERS):
        for _ in range(FAILOVERS):
            await clients.takers.more(50)
            killed = cluster.until_primary()
            killed.kill()
            await run_sync(cluster.until_primary, killed)
            await clients.takers.more(50)  # on a server without a standby
            killed.start()
            await run_sync(cluster.until_whole)
        await clients.takers.more(50)

    rows, last = saved_on(clients.primary.dsn)
    assert_complete(clients.takers, rows, last)
    for member in cluster.members:
        caught_up(cluster.until_primary())
        assert saved_on(member.dsn) == (rows, last)
    retried, looked_up = clients.takers.retried, clients.takers.ambiguous
    rewound = sum(
        member.log.read_text().count("pg_rewind exit code=0") for member in cluster.members
    )
    tell(f"{last} numbers, {FAILOVERS} failovers, {rewound=} {retried=} {looked_up=}")


def caught_up(primary: Member) -> None:
    """Return when the standby shows all that the primary has."""
    with psycopg.connect(primary.dsn, autocommit=True) as conn:
        has = "SELECT replay_lsn = pg_current_wal_lsn() FROM pg_stat_replication"
        while conn.execute(has).fetchone() != (True,):
            pass


async def test_a_standby_refuses_to_draw_and_says_that_another_try_may_go_better(
    cluster: Cluster,
) -> None:
    [standby] = (each for each in cluster.members if not each.says("primary"))
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as refused:
        async with connected(standby) as conn, conn.transaction():
            await numbers.next_value(conn)
    assert refused.value.sqlstate == "25006"
    assert is_retryable(refused.value)


async def fail_over(cluster: Cluster) -> None:
    """A server that dies alone is replaced at once, for its Patroni sees it."""
    killed = cluster.until_primary()
    killed.kill_server()
    await run_sync(cluster.until_primary, killed)


def anywhere(cluster: Cluster) -> dict[str, Any]:
    """How asyncpg finds the primary by itself."""
    return {
        "host": ["127.0.0.1"] * len(cluster.members),
        "port": [member.port for member in cluster.members],
        "user": "postgres",
        "database": "postgres",
        "target_session_attrs": "primary",
        "timeout": 10,
    }


async def test_the_issuer_goes_on_after_a_failover(cluster: Cluster) -> None:
    async def connect() -> Any:
        return await asyncpg.connect(**anywhere(cluster))

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    answers = await issue_all(
        Issuer(engine, numbers, "draft.number", key="id", timeout=5),
        lambda: until_writable(cluster),
        lambda: fail_over(cluster),
    )
    await engine.dispose()

    with psycopg.connect(cluster.until_primary().dsn) as conn:
        assert_issued(answers, conn.execute("SELECT id, number FROM draft").fetchall())
    await run_sync(cluster.until_whole)


async def test_a_key_of_the_ledger_has_its_number_after_a_failover(cluster: Cluster) -> None:
    ledger = Ledger()

    async def issue(key: str) -> int:
        async with connected(cluster.until_primary()) as conn, conn.transaction():
            return await ledger.issue(conn, numbers, key=key)

    first = {key: await issue(key) for key in ("a", "b", "c")}
    await fail_over(cluster)
    await until_writable(cluster)
    again = {key: await issue(key) for key in ("c", "b", "a", "d")}
    assert again == first | {"d": 4}


async def until_writable(cluster: Cluster) -> None:
    """Patroni says who is the primary before the server has been promoted."""
    with anyio.fail_after(90):
        while not await is_promoted(await run_sync(cluster.until_primary)):  # noqa: ASYNC110
            await anyio.sleep(0.01)
