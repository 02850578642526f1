"""Galera and Group Replication: takers on one node and on all of three, and a node killed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio.to_thread import run_sync

from devtools.clusters.node import Node

from .keyed import issue_by_key, issue_drafts
from .kinds import KINDS
from .takers import tell
from .writers import TAKERS, Kind, OnNodes

pytestmark = [
    pytest.mark.parametrize("kind", KINDS, indirect=True),
    pytest.mark.usefixtures("tables"),
]


@pytest.mark.parametrize("on", [1, 3])
async def test_takers_on_one_node_and_on_all(
    kind: Kind, nodes: Sequence[Node], on: int
) -> None:
    """Certification by the group is what makes one of two transactions begin again."""
    group = OnNodes(kind, nodes[:on])
    async with group.takers.working(TAKERS):
        await group.takers.more(min(600, kind.numbers))

    last = kind.assert_complete(group.takers, nodes)
    tell(f"on {on}: {last} numbers, {group}")


async def test_a_node_killed_under_load_and_started_again(
    kind: Kind, nodes: Sequence[Node]
) -> None:
    group = OnNodes(kind, nodes)
    async with group.takers.working(TAKERS):
        await group.takers.more(kind.numbers // 3)
        await kill_first(nodes)
        await group.takers.more(kind.numbers // 3)
        await run_sync(nodes[0].restart, nodes)
        await group.takers.more(kind.numbers // 3)

    last = kind.assert_complete(group.takers, nodes)
    tell(f"{last} numbers, {group}")


async def test_the_issuer_goes_on_after_its_node_was_killed(
    kind: Kind, nodes: Sequence[Node]
) -> None:
    await issue_drafts(kind, nodes, lambda: kill_first(nodes))
    await run_sync(nodes[0].restart, nodes)


async def test_a_key_of_the_ledger_has_its_number_on_another_node(
    kind: Kind, nodes: Sequence[Node]
) -> None:
    await issue_by_key(kind, nodes, lambda: kill_first(nodes))
    await run_sync(nodes[0].restart, nodes)


async def kill_first(nodes: Sequence[Node]) -> None:
    nodes[0].kill()
    await run_sync(nodes[1].wait_size, len(nodes) - 1)
