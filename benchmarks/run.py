"""Measures one group: every peer in its turn, round after round, all in one process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from .cells import Group, Peer
from .connections import Client
from .counting import count
from .figures import Figure, summed_up
from .load import Turn, turn
from .settings import Settings
from .threads import Threads, alias

WARM_UP = 0.05
"""Seconds of a turn that doesn't count."""


async def measure(
    group: Group, url: str, settings: Settings, done: Callable[[], None]
) -> list[Figure]:
    """Measure a group of peers.

    Args:
        group: the peers, and how many clients of each.
        url: of the database.
        settings: how often and how long.
        done: called after each turn.
    """
    turns = defaultdict[Peer, list[Turn]](list)
    seconds = settings.seconds * group.length / group.slices
    order = Random(0)
    async with _open(group, url) as (clients, threads):
        for peer in group.peers:  # drivers prepare their statements the first time
            await _turn(peer, group, clients, threads, WARM_UP)
        before = {peer: count(url, peer.id).rows for peer in group.peers}
        for _ in range(settings.rounds * group.slices):
            # Nobody always comes after the one that leaves most work behind.
            for peer in order.sample(group.peers, len(group.peers)):
                turns[peer].append(await _turn(peer, group, clients, threads, seconds))
                done()
    return [
        summed_up(
            group.chart, group.clients, peer, turns[peer], count(url, peer.id), before[peer]
        )
        for peer in group.peers
    ]


async def _turn(
    peer: Peer,
    group: Group,
    clients: dict[type[Client], list[Client]],
    threads: dict[Peer, Threads],
    seconds: float,
) -> Turn:
    if peer.client is not None:
        return await turn(peer, clients[peer.client], seconds, long=group.long)
    return threads[peer].turn(f"rows_{peer.id}", seconds, long=group.long)


@asynccontextmanager
async def _open(
    group: Group, url: str
) -> AsyncIterator[tuple[dict[type[Client], list[Client]], dict[Peer, Threads]]]:
    """The clients of each driver, connected, and the threads of those that have some."""
    clients: dict[type[Client], list[Client]] = {}
    threads: dict[Peer, Threads] = {}
    try:
        for peer in group.peers:
            if peer.client is None:
                threads[peer] = Threads(group.clients, alias(group.database, peer.mysqldb))
            elif peer.client not in clients:
                clients[peer.client] = [peer.client() for _ in range(group.clients)]
                for client in clients[peer.client]:
                    await _connect(client, url)
        yield clients, threads
    finally:
        for some_threads in threads.values():
            some_threads.close()
        opened = [client for some in clients.values() for client in some]
        await asyncio.gather(*(client.close() for client in opened))


async def _connect(client: Client, url: str) -> None:
    await client.open(url)
    async with client.block():
        await client.execute("SELECT 1")
