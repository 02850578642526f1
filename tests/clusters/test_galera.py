"""MariaDB Galera: what is its own of a node that is cut off."""

from __future__ import annotations

import asyncmy
import pytest
from anyio.to_thread import run_sync

from devtools.clusters.galera import Node

from .kinds import GALERA
from .takers import tell
from .writers import TAKERS, OnNodes

pytestmark = [
    pytest.mark.parametrize("kind", ["galera"], indirect=True),
    pytest.mark.usefixtures("tables"),
]


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
