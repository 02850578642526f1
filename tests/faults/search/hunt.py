"""Plays schedules on one kind of connection until one goes wrong, and makes that one short."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from aseq import AsyncSequence
from tests.database import Database
from tests.faults.search.connection import Connection, connected
from tests.faults.search.oracle import hits, wrong_numbers
from tests.faults.search.pace import Turnstile
from tests.faults.search.player import Block, Player, play_next
from tests.faults.search.schedules import Schedule, shorter
from tests.faults.search.witness import LockLeft, Witness, witness

DEADLINE = 20.0
"""Seconds after which a schedule hangs."""


class Hunt:
    """Schedules on one connection.

    Attributes:
        seen: how often what happened, to tell that the search isn't in vain.
    """

    def __init__(
        self, connection: Connection, witness: Witness, name: str
    ) -> None:
        self._connection, self._witness = connection, witness
        self._name, self._names = name, (name, f"{name}-other")
        self._marks = (f"{name}-{number}" for number in itertools.count())
        self.seen: Counter[str] = Counter()

    async def play(self, schedule: Schedule) -> list[str]:
        """Play a schedule, and say what went wrong."""
        mark, before = next(self._marks), self._witness.last(*self._names)
        client, pace = await self._connection.ready()
        player = Player(client, pace, self._witness, self._name)
        blocks: list[Block] = []
        wrong: list[str] = []

        async def work() -> None:
            blocks.extend(await player.play(schedule, mark))
            blocks.append(await self._last_block(schedule, blocks[0], mark))

        if not await ends(work, pace.cut):
            await self._connection.discard()
            wrong.append(f"hangs for {DEADLINE} s")
        try:
            after = self._witness.last(*self._names)
        except LockLeft:
            return [*wrong, "a lock is left behind"]
        return [*wrong, *self._judged(before, after, blocks, self._witness.blocks(mark))]

    async def _last_block(self, schedule: Schedule, played: Block, mark: str) -> Block:
        """The connection goes on, or else its driver has closed it."""
        failed = played.left_by is not None
        try:
            await self._connection.roll_back(failed=failed, closes=schedule.closes)
            block = await play_next(self._connection.client, self._name, mark, 2)
        except Exception as exc:
            block = Block(left_by=exc)
        if block.left_by is not None:
            self.seen["closed" if self._connection.closed() else "broken"] += 1
            self.seen[f"{block.left_by!r:.100}"] += 1
            await self._connection.discard()
        return block

    def _judged(
        self, before: dict[str, int], after: dict[str, int], blocks: list[Block], saved: set[int]
    ) -> list[str]:
        self.seen["schedules"] += 1
        for block in blocks[:1]:
            self.seen["told"] += len(block.told)
            self.seen["draws failed"] += len(block.errors)
            self.seen["committed"] += 0 in saved
            self.seen["committed with a number"] += 0 in saved and bool(block.told)
        committed = [block for number, block in enumerate(blocks) if number in saved]
        wrong = list(wrong_numbers(before, after, committed))
        for block in blocks[1:]:
            wrong += hits(block)
        return wrong

    async def shortest(self, schedule: Schedule, tries: int) -> Schedule:
        """The simplest schedule that goes wrong, too, as far as we look."""
        candidates = shorter(schedule)
        while tries and (candidate := next(candidates, None)) is not None:
            tries -= 1
            if await self.play(candidate):
                schedule, candidates = candidate, shorter(candidate)
        return schedule


async def ends(work: Callable[[], Awaitable[None]], cut: Callable[[], None]) -> bool:
    """Whether some work ends before the deadline; if not, it is cut off."""
    ended = anyio.Event()

    async def run() -> None:
        await work()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.move_on_after(DEADLINE):
            await ended.wait()
            return True
        cut()
        tasks.cancel_scope.cancel()
    return False


@asynccontextmanager
async def hunting(database: Database, name: str) -> AsyncIterator[Hunt]:
    """A search on one kind of connection."""
    postgres = database.case.dialect == "postgresql"
    async with database.connect() as client, client.transaction():
        for each in (name, f"{name}-other"):
            await AsyncSequence(each).next_value(client.conn)
    with witness(database) as outside:
        network = Turnstile(database.url) if postgres else None
        try:
            async with connected(database, network) as connection:
                yield Hunt(connection, outside, name)
        finally:
            if network is not None:
                network.close()
