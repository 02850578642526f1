"""MySQL Group Replication: takers on one node and on all of three, nodes killed and cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator

import asyncmy
import pytest
from anyio.to_thread import run_sync

from devtools.clusters.group_replication import (
    GroupReplicationUnavailable,
    Member,
    group_replication,
)

from .keyed import issue_by_key, issue_drafts
from .takers import tell
from .writers import Kind, Lost, OnNodes

NUMBERS = int(os.environ.get("ASEQ_NUMBERS", "2000"))
TAKERS = 6

MYSQL = Kind(
    # 1180 and 3100 come at COMMIT: the latter says that the group never answered. 3797: the
    # node has nobody to ask whether it is up to date.
    unknown=frozenset({1053, 1180, 2002, 2003, 2006, 2013, 2014, 3100, 3797}),
    accepts="SELECT COUNT(*) FROM performance_schema.replication_group_members "
    "WHERE member_id = @@server_uuid AND member_state = 'ONLINE' AND NOT @@super_read_only",
    up_to_date="SET SESSION group_replication_consistency = 'BEFORE'",
)


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Member]]:
    try:
        with group_replication() as nodes:
            yield nodes
    except GroupReplicationUnavailable as exc:
        pytest.skip(str(exc))


@pytest.fixture(autouse=True)
async def table(nodes: list[Member]) -> None:
    await MYSQL.prepare(nodes[1])  # the one that is never killed nor cut off


@pytest.mark.parametrize("on", [1, 3])
async def test_takers_on_one_node_and_on_all(nodes: list[Member], on: int) -> None:
    """Certification by the group is what makes one of two transactions begin again."""
    group = OnNodes(MYSQL, nodes[:on])
    async with group.takers.working(TAKERS):
        await group.takers.more(600)

    last = MYSQL.assert_complete(group.takers, nodes)
    tell(f"on {on}: {last} numbers, {group}")


async def test_a_node_killed_under_load_and_started_again(nodes: list[Member]) -> None:
    group = OnNodes(MYSQL, nodes)
    async with group.takers.working(TAKERS):
        await group.takers.more(NUMBERS // 3)
        nodes[0].kill()
        await run_sync(nodes[1].wait_size, 2)
        await group.takers.more(NUMBERS // 3)
        await run_sync(nodes[0].start, [node.address for node in nodes])
        await group.takers.more(NUMBERS // 3)

    last = MYSQL.assert_complete(group.takers, nodes)
    tell(f"{last} numbers, {group}")


async def test_a_node_cut_off_refuses_to_draw(nodes: list[Member]) -> None:
    """It comes to itself when the others have gone on without it."""
    group = OnNodes(MYSQL, nodes)
    async with group.takers.working(TAKERS):
        await group.takers.more(100)
        nodes[2].pause()
        await run_sync(nodes[1].wait_size, 2)
        await group.takers.more(200)
        nodes[2].resume()
        await run_sync(nodes[2].wait_state, "ERROR")
        with pytest.raises(asyncmy.errors.Error) as caught:
            await MYSQL.draw_on(nodes[2])
        assert caught.value.args[0] == 1290
        await group.takers.more(100)
        await run_sync(nodes[2].rejoin)
        await group.takers.more(100)

    last = MYSQL.assert_complete(group.takers, nodes)
    tell(f"{last} numbers, {group}")


async def kill_first(nodes: list[Member]) -> None:
    nodes[0].kill()
    await run_sync(nodes[1].wait_size, 2)


async def test_the_issuer_goes_on_after_its_node_was_killed(nodes: list[Member]) -> None:
    await issue_drafts(MYSQL, nodes, lambda: kill_first(nodes))
    await run_sync(nodes[0].start, [node.address for node in nodes])


async def test_a_key_of_the_ledger_has_its_number_on_another_node(nodes: list[Member]) -> None:
    await issue_by_key(MYSQL, nodes, lambda: kill_first(nodes))
    await run_sync(nodes[0].start, [node.address for node in nodes])


async def test_a_commit_that_failed_with_3100_though_the_group_keeps_it(
    nodes: list[Member],
) -> None:
    """The node was cut off while it waited for the group, and gave up; its message wasn't."""
    *others, alone = nodes
    alone.ask("SET GLOBAL group_replication_unreachable_majority_timeout = 1")
    group, key = OnNodes(MYSQL, [alone, *others]), "t0-1"
    for node in others:
        node.pause()
    with pytest.raises(Lost):  # as `is_retryable` doesn't say yes
        await group.draw(key)
    assert group.unknown == {3100: 1}

    for node in others:
        node.resume()
    is_there = f"SELECT number FROM aseq.invoice WHERE `key` = '{key}'"
    await run_sync(others[0].until, lambda: others[0].ask(is_there) == [(1,)])
    assert await group.takers.answered(key) == 1
