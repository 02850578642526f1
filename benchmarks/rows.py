"""Rows that wait for a number: all in one call, and one by one."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import asyncpg

from aseq import AsyncSequence
from aseq.issuing import number_rows

from . import issuing
from .cells import BULK, BY_ONE
from .counting import count
from .figures import Figure, summed_up
from .load import Turn
from .settings import Settings


async def measure(url: str, settings: Settings, done: Callable[[], None]) -> list[Figure]:
    """Measure both.

    Args:
        url: of the database.
        settings: how many rows, and how long one by one.
        done: called after each of the two.
    """
    figures = []
    conn = await asyncpg.connect(url)
    for peer, work in ((BY_ONE, _one_by_one), (BULK, _in_bulk)):
        keys = await issuing.make_drafts(conn, f"rows_{peer.id}", settings.rows)
        turn = await work(conn, list(keys), settings.seconds)
        await conn.execute(f"DELETE FROM rows_{peer.id} WHERE number IS NULL")
        figures.append(summed_up("rows", 1, peer, [turn], count(url, peer.id), 0))
        done()
    await conn.close()
    return figures


async def _one_by_one(conn: Any, keys: list[int], seconds: float) -> Turn:
    """As many as there is time for."""
    sequence, took, start = AsyncSequence(BY_ONE.id), list[float](), perf_counter()
    for key in keys:
        begun = perf_counter()
        if begun > start + seconds:
            break
        async with conn.transaction():
            number = await sequence.next_value(conn)
            await conn.execute(
                f"UPDATE rows_{BY_ONE.id} SET number = $1 WHERE id = $2", number, key
            )
        took.append(perf_counter() - begun)
    return Turn(perf_counter() - start, took)


async def _in_bulk(conn: Any, keys: list[int], _: float) -> Turn:
    """All of them, each of which waits as long as the last one."""
    start = perf_counter()
    async with conn.transaction():
        done = await number_rows(
            conn, AsyncSequence(BULK.id), f"rows_{BULK.id}.number", key="id"
        )
    seconds = perf_counter() - start
    return Turn(seconds, [seconds] * done.count)
