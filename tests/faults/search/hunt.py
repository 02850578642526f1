"""Plays schedules on one kind of connection until one goes wrong, and makes that one short."""

from __future__ import annotations

import faulthandler
import itertools
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from aseq import AsyncSequence, InvalidSequence
from tests.codes import code
from tests.database import Database
from tests.faults.search.connection import Connection, connected, refused_by_driver
from tests.faults.search.oracle import hits, wrong_numbers
from tests.faults.search.pace import Turnstile
from tests.faults.search.player import Player, play_next
from tests.faults.search.schedules import Schedule
from tests.faults.search.shorter import shorter
from tests.faults.search.told import Block
from tests.faults.search.witness import LockLeft, Witness, witness

DEADLOCK = 1213
DEADLINE = 20.0
"""Seconds after which a schedule hangs."""


class Hunt:
    """Schedules on one connection.

    Attributes:
        seen: how often what happened, to tell that the search isn't in vain.
    """

    def __init__(self, connection: Connection, witness: Witness, name: str) -> None:
        self._connection, self._witness = connection, witness
        self._name, self._names = name, (name, f"{name}-other")
        self._marks = (f"{name}-{number}" for number in itertools.count())
        self._last = witness.last(*self._names)
        self.seen: Counter[str] = Counter()

    async def play(self, schedule: Schedule) -> list[str]:
        """Play a schedule, and say what went wrong."""
        mark, before = next(self._marks), self._last
        await self._connection.ready()
        player = Player(self._connection, self._witness, self._name)
        blocks: list[Block] = []

        async def work() -> None:
            blocks.extend(await player.play(schedule, mark))
            await self._roll_back(schedule, blocks)
            blocks.append(await self._next_block(mark))

        if not await ends(work, self._connection.pace.cut):
            return await self._given_up(f"hangs for {DEADLINE} s")
        try:
            self._last = self._witness.last(*self._names)
        except LockLeft:
            return await self._given_up("a lock is left behind")
        return self._judged(before, blocks, self._witness.blocks(mark))

    async def _roll_back(self, schedule: Schedule, blocks: list[Block]) -> None:
        failed = blocks[0].left_by is not None
        with suppress(Exception):
            await self._connection.roll_back(failed=failed, closes=schedule.closes)

    async def _next_block(self, mark: str) -> Block:
        """Somebody's who is given the connection, or another if the driver says so."""
        block = await play_next(self._connection.client, self._name, mark, 2)
        error = block.left_by
        if error is not None and refused_by_driver(self._connection.client, error):
            self.seen["closed"] += 1
            client = await self._connection.start_over()
            block = await play_next(client, self._name, mark, 2)
        return block

    async def _given_up(self, wrong: str) -> list[str]:
        await self._connection.discard()
        self._last = self._witness.last(*self._names)
        return [wrong]

    def _judged(
        self, before: dict[str, int], blocks: list[Block], saved: set[int]
    ) -> list[str]:
        played = blocks[0]
        self.seen["schedules"] += 1
        self.seen["told"] += len(played.told)
        self.seen["draws failed"] += len(played.errors)
        self.seen["deadlocks"] += any(code(error) == DEADLOCK for error in played.errors)
        self.seen["unprinted"] += any(isinstance(e, InvalidSequence) for e in played.errors)
        self.seen["committed with a number"] += 0 in saved and bool(played.told)
        self.seen["committed after a failure"] += 0 in saved and bool(played.errors)
        committed = [block for number, block in enumerate(blocks) if number in saved]
        wrong = list(wrong_numbers(before, self._last, committed))
        for block in blocks[1:]:
            wrong += hits(block)
        if blocks[-1].left_by is not None:
            wrong.append(f"the connection is of no use any more: {blocks[-1].left_by!r:.300}")
        return wrong

    async def shortest(self, schedule: Schedule, seconds: float) -> Schedule:
        """The simplest schedule that goes wrong, too, as far as we look."""
        candidates, end = shorter(schedule), time.monotonic() + seconds
        while time.monotonic() < end and (candidate := next(candidates, None)) is not None:
            if await self.play(candidate):
                schedule, candidates = candidate, shorter(candidate)
        return schedule


async def ends(work: Callable[[], Awaitable[None]], cut: Callable[[], None]) -> bool:
    """Whether some work ends before the deadline; if not, it is cut off, and shown where."""
    ended = anyio.Event()

    async def run() -> None:
        await work()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.move_on_after(DEADLINE):
            await ended.wait()
            return True
        faulthandler.dump_traceback(sys.__stderr__ or 2)
        cut()
        tasks.cancel_scope.cancel()
    return False


@asynccontextmanager
async def hunting(database: Database, name: str) -> AsyncIterator[Hunt]:
    """A search on one kind of connection."""
    server = database.case.dialect != "sqlite"
    database.run("CREATE INDEX IF NOT EXISTS saved_by_name ON saved (name)")
    async with database.connect() as client, client.transaction():
        for each in (name, f"{name}-other"):
            await AsyncSequence(each).next_value(client.conn)
    with witness(database) as outside:
        network = Turnstile(database.url) if server else None
        try:
            async with connected(database, network) as connection:
                yield Hunt(connection, outside, name)
        finally:
            if network is not None:
                network.close()
