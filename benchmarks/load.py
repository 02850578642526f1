"""Lets clients loose for some seconds, and takes the time of each transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from .cells import Peer
from .connections import Client

STATEMENTS = 5
WORK = 0.003


@dataclass(frozen=True)
class Turn:
    """What one peer got done in its turn: the seconds, and those of each transaction.

    Of a peer whose draws alone are measured, they are those of the draws.
    """

    seconds: float
    transactions: list[float]

    @property
    def per_second(self) -> float:
        return len(self.transactions) / self.seconds


async def turn(peer: Peer, clients: Sequence[Client], seconds: float, *, long: bool) -> Turn:
    """All clients at once, each one transaction after the other."""
    took: list[float] = []
    start = perf_counter()

    async def work(client: Client) -> None:
        # At least one: on a busy machine a very short turn may be over before it begins.
        while (begun := perf_counter()) < start + seconds or not took:
            drawing = await _transaction(peer, client, long=long)
            took.append(drawing if peer.alone else perf_counter() - begun)

    await asyncio.gather(*map(work, clients))
    return Turn(sum(took) if peer.alone else perf_counter() - start, took)


async def _transaction(peer: Peer, client: Client, *, long: bool) -> float:
    """One of a peer's, and how long it drew."""
    assert peer.draw is not None
    async with client.block():
        if long and peer.late:
            await _more(client)
        begun = perf_counter()
        drawn = await peer.draw(client.conn)
        drawing = perf_counter() - begun
        if long and not peer.late:
            await _more(client)
        numbers = (drawn,) if isinstance(drawn, int) else drawn
        await client.save(f"rows_{peer.id}", *numbers)
    return drawing


async def _more(client: Client) -> None:
    """What else a transaction has to do."""
    for _ in range(STATEMENTS):
        await client.execute("INSERT INTO more (body) VALUES ('a line of an invoice')")
    await asyncio.sleep(WORK)
