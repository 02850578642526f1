"""Ways of getting numbers without a connection for each client: callers, all at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from time import perf_counter
from typing import Protocol

from .cells import ISSUE, Peer
from .counting import count
from .figures import Figure, summed_up
from .load import Turn
from .settings import Settings

WARM_UP = 0.05
"""Seconds that don't count."""

IDS = [peer.id for peer in ISSUE]


class Once(Protocol):
    """A way of getting one number."""

    async def once(self) -> bool:
        """One caller, until its number is committed; False if no draft is left."""
        ...


class Way(Once, Protocol):
    """One that is measured."""

    async def prepare(self, seconds: float) -> None:
        """Make drafts for a turn, if it begins with drafts."""
        ...

    async def clean(self) -> None:
        """Leave no drafts."""
        ...


class Unprepared:
    """One that begins without drafts."""

    async def prepare(self, seconds: float) -> None:
        return

    async def clean(self) -> None:
        return


async def turn(way: Once, callers: int, seconds: float) -> Turn:
    """All callers at once, each one number after the other."""
    took: list[float] = []
    start = perf_counter()

    async def work() -> None:
        while (begun := perf_counter()) < start + seconds and await way.once():
            took.append(perf_counter() - begun)

    await asyncio.gather(*(work() for _ in range(callers)))
    return Turn(perf_counter() - start, took)


async def measured(
    chart: str,
    ways: Mapping[Peer, Way],
    url: str,
    counts: Sequence[int],
    settings: Settings,
    done: Callable[[], None],
) -> list[Figure]:
    """The figures of all ways with each number of callers."""
    figures, order = list[Figure](), Random(0)
    for way in ways.values():  # drivers prepare their statements the first time
        await way.prepare(WARM_UP)
        await turn(way, 1, WARM_UP)
    for callers in counts:
        turns = defaultdict[Peer, list[Turn]](list)
        before = {peer: await _rows(ways[peer], url, peer) for peer in ways}
        for _ in range(settings.rounds):
            for peer in order.sample(list(ways), len(ways)):
                await ways[peer].prepare(settings.seconds)
                turns[peer].append(await turn(ways[peer], callers, settings.seconds))
                done()
        for peer, some in turns.items():
            await ways[peer].clean()
            found = count(url, peer.id)
            figures.append(summed_up(chart, callers, peer, some, found, before[peer]))
    return sorted(figures, key=lambda figure: (figure.clients, IDS.index(figure.peer)))


async def _rows(way: Way, url: str, peer: Peer) -> int:
    await way.clean()
    return count(url, peer.id).rows
