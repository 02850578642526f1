"""A crowd that wants one sequence, behind a pool: what others who want a connection wait.

Sixty tasks of one tenant draw from its sequence, on twenty connections. Without a turn all
connections are in the hands of those who wait for the sequence, and whoever else wants one
stands behind sixty others. With a turn, three of them have one. The others are four tenants
with a task and a sequence each (and numbers that aren't those of the next one).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from itertools import chain
from time import perf_counter
from typing import Any

import asyncpg

from aseq import AsyncSequence

from .cells import CROWDS, Peer
from .counting import count
from .figures import Figure, summed_up
from .load import WORK, Turn
from .settings import Settings

CROWD, CONNECTIONS, OTHERS, LIMIT = 60, 20, 4, 3


async def measure(url: str, settings: Settings, done: Callable[[], None]) -> list[Figure]:
    """Measure the crowd and the others, without a turn and with one.

    Args:
        url: of the database.
        settings: how often and how long.
        done: called after each of the two.
    """
    turns = defaultdict[Peer, list[Turn]](list)
    async with asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        for _ in range(settings.rounds):
            for crowd, others in CROWDS:
                hot = AsyncSequence(crowd.id)
                own = [AsyncSequence(f"{others.id}-{i}", i * 1_000_000) for i in range(OTHERS)]
                tasks = (
                    *(_work(pool, crowd, hot, settings.seconds) for _ in range(CROWD)),
                    *(_work(pool, others, each, settings.seconds) for each in own),
                )
                start = perf_counter()
                took = await asyncio.gather(*tasks)
                seconds = perf_counter() - start
                turns[crowd].append(Turn(seconds, [*chain(*took[:CROWD])]))
                turns[others].append(Turn(seconds, [*chain(*took[CROWD:])]))
                done()
    return [
        summed_up("turns", CROWD, peer, turns[peer], count(url, peer.id), 0)
        for pair in CROWDS
        for peer in pair
    ]


async def _work(pool: Any, peer: Peer, sequence: AsyncSequence, seconds: float) -> list[float]:
    """One transaction after the other: how long each took, the wait for it included."""
    took, start = list[float](), perf_counter()
    while (begun := perf_counter()) < start + seconds or not took:
        in_turn = sequence.turn(limit=LIMIT) if peer.turn else nullcontext()
        async with in_turn, pool.acquire() as conn, conn.transaction():
            number = await sequence.next_value(conn)
            await asyncio.sleep(WORK)
            await conn.execute(f"INSERT INTO rows_{peer.id} (number) VALUES ($1)", number)
        took.append(perf_counter() - begun)
    return took
