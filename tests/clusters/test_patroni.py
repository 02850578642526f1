"""PostgreSQL under Patroni: the primary is killed or cut off; nobody promotes but Patroni."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import anyio
import asyncpg
import psycopg
import pytest
from anyio.to_thread import run_sync

from aseq import is_retryable
from devtools.clusters.patroni import Cluster, patroni
from devtools.clusters.patroni_member import Member
from devtools.clusters.programs import ClusterUnavailable

from .primary import (
    LOST,
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

FAILOVERS = int(os.environ.get("ASEQ_PATRONI_FAILOVERS", "3"))
TAKERS = 8


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    try:
        with patroni() as cluster:
            yield cluster
    except ClusterUnavailable as exc:
        pytest.skip(str(exc))


@pytest.fixture(autouse=True)
async def tables(cluster: Cluster) -> None:
    await prepare(await until_writable(cluster))


def takers_on(cluster: Cluster) -> OnPrimary:
    """They go where Patroni says that the primary is, as behind a proxy that asks it."""
    return OnPrimary(cluster.until_primary(), lambda: run_sync(cluster.until_primary))


@pytest.mark.skipif(not FAILOVERS, reason="none is wanted: ASEQ_PATRONI_FAILOVERS=0")
async def test_a_primary_killed_under_load_again_and_again(cluster: Cluster) -> None:
    clients = takers_on(cluster)
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

    last = assert_the_same_on_all(cluster, clients)
    rewound = sum(
        member.log.read_text().count("pg_rewind exit code=0") for member in cluster.members
    )
    tell(f"{last} numbers, {FAILOVERS} failovers, {rewound=} {clients}")


def assert_the_same_on_all(cluster: Cluster, clients: OnPrimary) -> int:
    """Complete on the primary, and on the standby that has caught up; gives the last number."""
    primary = cluster.until_primary()
    rows, last = saved(primary)
    assert_complete(clients.takers, rows, last)
    catch_up(primary)
    for member in cluster.members:
        assert saved(member) == (rows, last)
    return last


def catch_up(primary: Member) -> None:
    """Return when the standby shows all that the primary has."""
    with psycopg.connect(primary.dsn, autocommit=True) as conn:
        has = "SELECT replay_lsn = pg_current_wal_lsn() FROM pg_stat_replication"
        while conn.execute(has).fetchone() != (True,):
            pass


async def test_a_primary_cut_off_steps_down_and_nothing_acknowledged_is_lost(
    cluster: Cluster,
) -> None:
    """Clients still reach it, but its COMMITs wait for a standby that hears nothing."""
    clients = takers_on(cluster)
    async with clients.takers.working(TAKERS):
        await clients.takers.more(50)
        alone = cluster.until_primary()
        alone.cut_off()
        await until_read_only(alone)
        await assert_refused(alone)
        await run_sync(cluster.until_primary, alone)
        await clients.takers.more(50)
        alone.reconnect()
        await run_sync(cluster.until_whole)
        await clients.takers.more(50)

    last = assert_the_same_on_all(cluster, clients)
    assert clients.takers.ambiguous["not saved"] > 0  # what it had committed on its own
    tell(f"{last} numbers, {clients}")


async def until_read_only(member: Member) -> None:
    """Return when a server is there, and is no primary."""
    with anyio.fail_after(90):
        while True:
            try:
                async with connected(member) as conn:
                    if await conn.fetchval("SELECT pg_is_in_recovery()"):
                        return
            except (*LOST, asyncpg.CannotConnectNowError):
                pass
            await anyio.sleep(0.01)


async def assert_refused(member: Member) -> None:
    """It doesn't draw, and says that another try may go better."""
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as refused:
        async with connected(member) as conn, conn.transaction():
            await numbers.next_value(conn)
    assert refused.value.sqlstate == "25006"
    assert is_retryable(refused.value)


async def test_a_standby_refuses_to_draw(cluster: Cluster) -> None:
    [standby] = (each for each in cluster.members if not each.says("primary"))
    await assert_refused(standby)


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

    await issue_drafts(connect, lambda: until_writable(cluster), lambda: fail_over(cluster))
    await run_sync(cluster.until_whole)


async def test_a_key_of_the_ledger_has_its_number_after_a_failover(cluster: Cluster) -> None:
    await issue_by_key(lambda: until_writable(cluster), lambda: fail_over(cluster))


async def until_writable(cluster: Cluster) -> Member:
    """Patroni says who is the primary before the server has been promoted."""
    with anyio.fail_after(90):
        while True:
            primary = await run_sync(cluster.until_primary)
            if await is_promoted(primary):
                return primary
            await anyio.sleep(0.01)
