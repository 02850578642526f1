"""MariaDB Galera: takers on one node and on all of three, nodes killed and cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator

import asyncmy
import pytest
from anyio.to_thread import run_sync

from devtools.clusters.galera import GaleraUnavailable, Node, galera

from .keyed import issue_by_key, issue_drafts
from .takers import tell
from .writers import Kind, OnNodes

NUMBERS = int(os.environ.get("ASEQ_NUMBERS", "5000"))
TAKERS = 6

GALERA = Kind(
    # 1180 is that of a COMMIT on a node cut off.
    unknown=frozenset({1053, 1180, 2002, 2003, 2006, 2013, 2014}),
    accepts="SELECT variable_value = 'ON' FROM information_schema.global_status "
    "WHERE variable_name = 'wsrep_ready'",
    up_to_date="SET SESSION wsrep_sync_wait = 1",
)


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    try:
        with galera() as nodes:
            yield nodes
    except GaleraUnavailable as exc:
        pytest.skip(str(exc))


@pytest.fixture(autouse=True)
async def table(nodes: list[Node]) -> None:
    await GALERA.prepare(nodes[1])  # the one that is never killed nor cut off


@pytest.mark.parametrize("on", [1, 3])
async def test_takers_on_one_node_and_on_all(nodes: list[Node], on: int) -> None:
    """Certification by the group is what makes one of two transactions begin again."""
    group = OnNodes(GALERA, nodes[:on])
    async with group.takers.working(TAKERS):
        await group.takers.more(600)

    last = GALERA.assert_complete(group.takers, nodes)
    tell(f"on {on}: {last} numbers, {group}")


async def test_a_node_killed_under_load_and_started_again(nodes: list[Node]) -> None:
    group = OnNodes(GALERA, nodes)
    async with group.takers.working(TAKERS):
        await group.takers.more(NUMBERS // 3)
        nodes[0].kill()
        await run_sync(nodes[1].wait, "wsrep_cluster_size", "2")
        await group.takers.more(NUMBERS // 3)
        await run_sync(nodes[0].start, [nodes[1].address, nodes[2].address])
        await group.takers.more(NUMBERS // 3)

    last = GALERA.assert_complete(group.takers, nodes)
    tell(f"{last} numbers, {group}")


async def test_a_node_cut_off_refuses_to_draw(nodes: list[Node]) -> None:
    group = OnNodes(GALERA, nodes)
    async with group.takers.working(TAKERS):
        await group.takers.more(100)
        await run_sync(nodes[2].cut_off)
        with pytest.raises(asyncmy.errors.Error) as caught:
            await GALERA.draw_on(nodes[2])
        assert caught.value.args[0] == 1047
        await group.takers.more(200)
        await run_sync(nodes[2].reconnect)
        await group.takers.more(100)

    last = GALERA.assert_complete(group.takers, nodes)
    tell(f"{last} numbers, {group}")


async def kill_first(nodes: list[Node]) -> None:
    nodes[0].kill()
    await run_sync(nodes[1].wait, "wsrep_cluster_size", "2")


async def test_the_issuer_goes_on_after_its_node_was_killed(nodes: list[Node]) -> None:
    await issue_drafts(GALERA, nodes, lambda: kill_first(nodes))
    await run_sync(nodes[0].start, [nodes[1].address, nodes[2].address])


async def test_a_key_of_the_ledger_has_its_number_on_another_node(nodes: list[Node]) -> None:
    await issue_by_key(GALERA, nodes, lambda: kill_first(nodes))
    await run_sync(nodes[0].start, [nodes[1].address, nodes[2].address])
