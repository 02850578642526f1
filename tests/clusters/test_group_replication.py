"""MySQL Group Replication: a node cut off, 3100 at COMMIT, and a group with one primary."""

from __future__ import annotations

import asyncmy
import pytest
from anyio.to_thread import run_sync

from devtools.clusters.group_replication import Member, reunite

from .kinds import MYSQL
from .takers import tell
from .writers import TAKERS, Lost, OnNodes

pytestmark = [
    pytest.mark.parametrize("kind", ["group_replication"], indirect=True),
    pytest.mark.usefixtures("tables"),
]


async def refused(node: Member) -> int:
    """The code with which a node refuses to draw."""
    with pytest.raises(asyncmy.errors.Error) as caught:
        await MYSQL.draw_on(node)
    return int(caught.value.args[0])


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
        assert await refused(nodes[2]) == 1290
        await group.takers.more(100)
        await run_sync(nodes[2].rejoin)
        await group.takers.more(100)

    last = MYSQL.assert_complete(group.takers, nodes)
    tell(f"{last} numbers, {group}")


async def test_the_only_primary_killed_under_load(nodes: list[Member]) -> None:
    """The group promotes another one; nothing collides, as no other is written to."""
    first, *others = nodes
    await run_sync(first.be_the_only_primary)
    assert [await refused(node) for node in others] == [1290, 1290]

    group = OnNodes(MYSQL, nodes)  # who begins on another node is told so, and goes on
    async with group.takers.working(TAKERS):
        await group.takers.more(200)
        first.kill()
        await group.takers.more(200)

    last = MYSQL.assert_complete(group.takers, others)
    tell(f"{last} numbers, {group}")
    assert set(group.takers.retried) == {"OperationalError 1290"}
    assert 1180 not in group.unknown
    await run_sync(others[0].let_all_be_primaries)
    await run_sync(first.restart, nodes)


async def test_a_commit_that_failed_with_3100_though_the_group_keeps_it(
    nodes: list[Member],
) -> None:
    """The node was cut off while it waited for the group, and gave up; its message wasn't."""
    *others, alone = nodes
    alone.ask("SET GLOBAL group_replication_unreachable_majority_timeout = 1")
    group, key = OnNodes(MYSQL, [alone, *others]), "t0-1"
    for node in others:
        # Else they would expel each other afterwards, for having been away.
        node.ask("SET GLOBAL group_replication_member_expel_timeout = 60")
        node.pause()
    with pytest.raises(Lost):  # as `is_retryable` doesn't say yes
        await group.draw(key)
    assert group.unknown == {3100: 1}

    for node in others:
        node.resume()
    is_there = f"SELECT number FROM aseq.invoice WHERE `key` = '{key}'"
    await run_sync(others[0].until, lambda: others[0].ask(is_there) == [(1,)])
    assert await group.takers.answered(key) == 1
    alone.ask("SET GLOBAL group_replication_unreachable_majority_timeout = 0")
    for node in others:
        node.ask("SET GLOBAL group_replication_member_expel_timeout = 0")
    await run_sync(reunite, [*others, alone])
