"""The CPU time of a draw: aseq's, and that of the same statement sent by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

from . import draws
from .connections import Aiosqlite, Asyncpg, Client, Psycopg, Session

Draw = Callable[[Any], Awaitable[int]]

SLICES = 10
"""Turns of a round: what else the machine does comes and goes."""


@dataclass(frozen=True)
class Driver:
    """A driver, and the two ways of drawing on it, each from a sequence of its own."""

    label: str
    client: type[Client]
    aseq: Draw
    by_hand: Draw


DRIVERS = (
    Driver(
        "asyncpg",
        Asyncpg,
        draws.Aseq("calls_asyncpg"),
        draws.Queued("hands_asyncpg").on_asyncpg,
    ),
    Driver(
        "psycopg",
        Psycopg,
        draws.Aseq("calls_psycopg"),
        draws.Queued("hands_psycopg", "format").on_psycopg,
    ),
    Driver(
        "SQLAlchemy, asyncpg",
        Session,
        draws.Aseq("calls_sqlalchemy"),
        draws.Queued("hands_sqlalchemy").on_session,
    ),
    Driver(
        "aiosqlite",
        Aiosqlite,
        draws.Aseq("calls_aiosqlite"),
        draws.QueuedSqlite("hands_aiosqlite"),
    ),
)


@dataclass(frozen=True)
class Call:
    """The CPU time of one draw in this process, all threads of it, in microseconds.

    Attributes:
        driver: on what.
        aseq: `next_value`.
        by_hand: the same statement, and its number taken from the row.
    """

    driver: str
    aseq: float
    by_hand: float

    @property
    def own(self) -> float:
        """What aseq adds."""
        return self.aseq - self.by_hand


async def measure(
    postgresql: str, sqlite: str, rounds: int, count: int, done: Callable[[], None]
) -> list[Call]:
    """Draw on each driver, in turns.

    Args:
        postgresql: the URL of a database.
        sqlite: the name of a file.
        rounds: how many; the median of their turns counts.
        count: how many draws in a turn, all in one transaction.
        done: called after each driver.
    """
    calls = []
    for driver in DRIVERS:
        client = driver.client()
        await client.open(sqlite if driver.client is Aiosqlite else postgresql)
        try:
            calls.append(await _call(driver, client, rounds * SLICES, count))
        finally:
            await client.close()
        done()
    return calls


async def _call(driver: Driver, client: Client, turns: int, count: int) -> Call:
    ways = [driver.aseq, driver.by_hand]
    took = defaultdict[Draw, list[float]](list)
    for turn in range(1, turns + 2):
        for draw in ways if turn % 2 else reversed(ways):
            seconds, number = await _turn(client, draw, count)
            if number != turn * count:
                raise AssertionError(f"{driver.label}: a number is missing before {number}")
            took[draw].append(seconds / count)
    # Without the first turn: drivers prepare their statements then.
    aseq, by_hand = (round(median(took[draw][1:]) * 1e6, 1) for draw in ways)
    return Call(driver.label, aseq, by_hand)


async def _turn(client: Client, draw: Draw, count: int) -> tuple[float, int]:
    number = 0
    async with client.block():
        start = process_time()
        for _ in range(count):
            number = await draw(client.conn)
        return process_time() - start, number
