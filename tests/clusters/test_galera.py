"""MariaDB Galera: takers on one node and on all of three, nodes killed and cut off."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import asyncmy
import pytest
from anyio.to_thread import run_sync

from aseq import AsyncSequence, create_table
from devtools.clusters.galera import GaleraUnavailable, Node, galera
from tests.clusters.takers import Takers, assert_complete, tell

NUMBERS = int(os.environ.get("ASEQ_NUMBERS", "10000"))
TAKERS = 6

LOST = (asyncmy.errors.InterfaceError, OSError)
GONE = (1053, 1180, 2002, 2003, 2006, 2013, 2014)
"""Codes of errors after which nobody knows: 1180 is that of a COMMIT on a node cut off."""


numbers = AsyncSequence("invoices")


class Lost(Exception):
    """The connection was lost."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    try:
        with galera() as nodes:
            yield nodes
    except GaleraUnavailable as exc:
        pytest.skip(str(exc))


@asynccontextmanager
async def connected(node: Node) -> AsyncIterator[Any]:
    """A connection to one node; whatever says that it was lost is `Lost`."""
    parts, conn = urlsplit(node.url), None
    try:
        conn = await asyncmy.connect(
            host=parts.hostname, port=parts.port, user="root", db="aseq", connect_timeout=5
        )
        yield conn
    except (*LOST, asyncmy.errors.OperationalError) as exc:
        if isinstance(exc, LOST) or exc.args[0] in GONE:
            raise Lost from exc
        raise
    finally:
        if conn is not None:
            conn.close()


async def execute(conn: Any, sql: str, *args: Any) -> Any:
    async with conn.cursor() as cursor:
        await cursor.execute(sql, args or None)
        return await cursor.fetchall() if cursor.description else None


@pytest.fixture
async def table(nodes: list[Node]) -> str:
    """An empty table of invoices, and the sequence at its start."""
    async with connected(nodes[1]) as conn:  # the one that is never killed nor cut off
        await create_table(conn)
        await execute(conn, "DELETE FROM aseq_sequence")
        await execute(conn, "DROP TABLE IF EXISTS invoice")
        await execute(
            conn, "CREATE TABLE invoice (`key` varchar(40) PRIMARY KEY, number bigint UNIQUE)"
        )
        await conn.commit()
    return "invoice"


class OnNodes:
    """Takers of whom each has a node, and goes on to the next one when that is lost."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.takers = Takers(self.draw, self.look_up, (Lost,))
        self._at: dict[str, int] = {}

    def node(self, key: str) -> Node:
        taker = key.partition("-")[0]
        return self.nodes[self._at.setdefault(taker, int(taker[1:])) % len(self.nodes)]

    @asynccontextmanager
    async def connected(self, key: str) -> AsyncIterator[Any]:
        try:
            async with connected(self.node(key)) as conn:
                yield conn
        except Exception as exc:
            if isinstance(exc, Lost) or exc.args[:1] in ((1047,), (1205,)):
                self._at[key.partition("-")[0]] += 1
            raise

    async def draw(self, key: str) -> int:
        async with self.connected(key) as conn:
            await conn.begin()
            number = await numbers.next_value(conn)
            await execute(conn, "INSERT INTO invoice VALUES (%s, %s)", key, number)
            await conn.commit()
        return number

    async def look_up(self, key: str) -> int | None:
        """What the cluster has; the node waits for all that was committed before."""
        async with self.connected(key) as conn:
            await execute(conn, "SET SESSION wsrep_sync_wait = 1")
            rows = await execute(conn, "SELECT number FROM invoice WHERE `key` = %s", key)
        return rows[0][0] if rows else None


async def draw_on(node: Node) -> int:
    async with connected(node) as conn:
        await conn.begin()
        return await numbers.next_value(conn)


def saved(node: Node) -> tuple[list[Any], int]:
    node.ask("SET GLOBAL wsrep_sync_wait = 1")
    rows = node.ask("SELECT `key`, number FROM aseq.invoice")
    last = node.ask("SELECT last FROM aseq.aseq_sequence WHERE name = 'invoices'")
    return rows, last[0][0] if last else 0


async def until(takers: Takers, count: int) -> None:
    with anyio.fail_after(300):
        while len(takers.acknowledged) < count:  # noqa: ASYNC110
            await anyio.sleep(0.01)


@pytest.mark.parametrize("on", [1, 3])
async def test_takers_on_one_node_and_on_all(nodes: list[Node], table: str, on: int) -> None:
    """Certification by the group is what makes one of two transactions begin again."""
    group = OnNodes(nodes[:on])
    done = anyio.Event()
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for each in range(TAKERS):
            tasks.start_soon(group.takers.work, f"t{each}", done.is_set)
        await until(group.takers, 600)
        done.set()
    took = anyio.current_time() - began

    for node in nodes:
        rows, last = saved(node)
        assert_complete(group.takers, rows, last)
    tell(f"on {on}: {last / took:.0f}/s {group.takers.retried=}")


async def test_a_node_killed_under_load_and_started_again(
    nodes: list[Node], table: str
) -> None:
    group, done = OnNodes(nodes), anyio.Event()
    async with anyio.create_task_group() as tasks:
        for each in range(TAKERS):
            tasks.start_soon(group.takers.work, f"t{each}", done.is_set)
        await until(group.takers, NUMBERS // 3)
        nodes[0].kill()
        await run_sync(nodes[1].wait, "wsrep_cluster_size", "2")
        await until(group.takers, 2 * NUMBERS // 3)
        await run_sync(nodes[0].start, [nodes[1].address, nodes[2].address])
        await until(group.takers, NUMBERS)
        done.set()

    for node in nodes:
        rows, last = saved(node)
        assert_complete(group.takers, rows, last)
    tell(f"{last} numbers, {group.takers.retried=} {group.takers.ambiguous=}")


async def test_a_node_cut_off_refuses_to_draw(nodes: list[Node], table: str) -> None:
    group, done = OnNodes(nodes), anyio.Event()
    async with anyio.create_task_group() as tasks:
        for each in range(TAKERS):
            tasks.start_soon(group.takers.work, f"t{each}", done.is_set)
        await until(group.takers, 100)
        await run_sync(nodes[2].cut_off)
        with pytest.raises(asyncmy.errors.Error) as caught:
            await draw_on(nodes[2])
        assert caught.value.args[0] == 1047
        await until(group.takers, len(group.takers.acknowledged) + 200)
        await run_sync(nodes[2].reconnect)
        await until(group.takers, len(group.takers.acknowledged) + 100)
        done.set()

    for node in nodes:
        rows, last = saved(node)
        assert_complete(group.takers, rows, last)
    tell(f"{last} numbers, {group.takers.retried=} {group.takers.ambiguous=}")
