"""Plays a schedule on a connection, as the most careless user: all errors are swallowed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from functools import partial
from typing import Any

import anyio

from aseq import AsyncSequence
from tests import clients
from tests.blocks import Undo
from tests.clients import Client
from tests.clients.base import in_thread
from tests.faults.attempts import Attempt, asyncio_runs
from tests.faults.search.connection import Connection
from tests.faults.search.schedules import DRAWS, TROUBLES, Act, Schedule, Step
from tests.faults.search.told import Block, Span, Told
from tests.faults.search.troubles import LOCK, is_watched, unprinted
from tests.faults.search.witness import Witness

PIPELINES = (clients.Psycopg, clients.PsycopgThread)


class Player:
    """One transaction of a client, in which tasks do what they are told.

    Args:
        connection: the one.
        witness: the other connection.
        name: the sequence's.
    """

    def __init__(self, connection: Connection, witness: Witness, name: str) -> None:
        self._client, self._pace = connection.client, connection.pace
        self._turn, self._witness, self._name = connection.turn, witness, name

    async def play(self, schedule: Schedule, mark: str) -> list[Block]:
        """Play it in a block that saves 0 under a mark.

        If it leaves a draw behind that it cancelled, the next block follows at once.
        """
        self.block, self._conn = Block(), self._client.conn
        next_block = Block()
        async with anyio.create_task_group() as self._outside:
            try:
                await self._whole(schedule, mark)
            except Exception as exc:
                self.block.left_by = exc
            self._pace.release()
            if self.block.left_by is None and schedule.leaves_draws:
                next_block = await play_next(self._client, self._name, mark, 1)
        return [self.block, next_block]

    async def _whole(self, schedule: Schedule, mark: str) -> None:
        async with self._client.transaction():
            self._conn = self._client.conn
            await self._client.save(mark, 0)
            async with self._pipeline(schedule), anyio.create_task_group() as tasks:
                self._outside.start_soon(self._set_pace, schedule)
                for steps in schedule.tasks:
                    tasks.start_soon(self._task, steps)
            self._client.conn = self._conn  # siblings leave their savepoints in any order
            if schedule.troubled:
                with suppress(Exception):  # as whoever saves what he was told before
                    await self._client.save(mark, 0)
            if schedule.raises and self.block.errors:
                raise Undo

    def _pipeline(self, schedule: Schedule) -> AbstractAsyncContextManager[Any]:
        return pipeline(self._client) if schedule.pipeline else AsyncExitStack()

    async def _set_pace(self, schedule: Schedule) -> None:
        if schedule.answers:
            self._pace.hold()
        if schedule.behind is not None:
            self._outside.start_soon(self._stand_before, schedule.behind)
        for count in schedule.answers:
            await self._pace.turns(count)
            self._pace.let_through()
        self._pace.release()

    async def _stand_before(self, turns: int) -> None:
        self._witness.take(self._name)
        await self._pace.turns(turns)
        self._witness.give_back()

    async def _task(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            await self._pace.turns(step.after)
            await self._step(step)

    async def _step(self, step: Step) -> None:
        if step.does in DRAWS:
            await self._draw(step)
            return
        if step.does in TROUBLES:
            await self._trouble(step)
            return
        began, failed = time.monotonic(), False
        try:
            if step.does == "plain":
                await self._client.execute("SELECT 1")
            else:
                await self._savepoint(step)
        except Exception:
            failed = True
        self.block.savepoints.append((Span(began, time.monotonic()), failed))

    async def _savepoint(self, step: Step) -> None:
        async with self._client.savepoint():
            conn = self._client.conn
            if step.inside == "plain":
                await self._client.execute("SELECT 1")
            elif step.inside is not None:
                await self._tell(step.inside, conn)
            if step.does == "undone":
                raise Undo

    async def _draw(self, step: Step) -> None:
        attempt = Attempt()
        work = partial(self._tell, step.does, self._conn)
        self._outside.start_soon(self._attempt, attempt, work)
        if step.cancel is not None:
            await self._pace.turns(step.cancel + 1)
            if step.late:
                self._pace.let_through()
            attempt.cancel(step.way if asyncio_runs() else "scope")
        if step.awaited:
            await attempt.ended.wait()

    async def _trouble(self, step: Step) -> None:
        attempt = Attempt()
        if step.does == "unprinted":
            await self._attempt(attempt, partial(unprinted, self._turn, self._name, self._conn))
            return
        other = f"{self._name}-other"
        if not self._witness.stand_across(other):
            return
        work = partial(self._tell, "other", self._conn)
        if step.inside == "plain" and is_watched(self._client):
            work = partial(self._client.execute, LOCK.format(other))
        self._outside.start_soon(self._attempt, attempt, work)
        await in_thread(lambda: self._witness.cross(self._name))
        self._witness.give_back()
        await attempt.ended.wait()

    async def _attempt(self, attempt: Attempt, work: Any) -> None:
        await attempt(work)
        if attempt.error is not None:
            self.block.errors.append(attempt.error)

    async def _tell(self, does: Act, conn: Any) -> None:
        name = f"{self._name}-other" if does == "other" else self._name
        began = time.monotonic()
        count = 3 if does == "three" else 1
        seq, nowait = AsyncSequence(name), does == "nowait"
        async with self._turn:
            numbers = await seq.next_values(conn, count, nowait=nowait)
            span = Span(began, time.monotonic())
            self.block.told += (Told(name, number, span) for number in numbers)


async def play_next(client: Client, name: str, mark: str, number: int) -> Block:
    """A block of somebody else's, in which nothing is cancelled."""
    block, began = Block(), time.monotonic()
    try:
        async with client.transaction():
            await client.save(mark, number)
            drawn = await AsyncSequence(name).next_value(client.conn)
            block.told.append(Told(name, drawn, Span(began, time.monotonic())))
    except Exception as exc:
        block.left_by = exc
    return block


@asynccontextmanager
async def pipeline(client: Client) -> AsyncIterator[None]:
    """A pipeline, where the driver has them."""
    if isinstance(client, clients.PsycopgThread):
        entered = client.conn.pipeline()
        await in_thread(entered.__enter__)
        try:
            yield
        finally:
            await in_thread(lambda: entered.__exit__(None, None, None))
    else:
        async with client.conn.pipeline():
            yield
