"""Where callers ask, and the task that numbers what they ask for.

The task numbers group after group: all that wait, up to a limit. What becomes of an entry:

* it is told: its number, or an error that is about its own row;
* its row is locked by somebody: it rests, each time a little longer;
* its sequence is held by somebody: it goes to a lane, or rests if there is no room;
* nobody knows what became of its group: it goes back in line, and nothing else is done. If
  it has its number, the next group will see it.

Each caller has a timer of its own, whatever happens to his entry meanwhile. A task that ends
in another way than by being closed is told to all that wait, and to whoever comes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Hashable
from contextlib import suppress

from aseq._log import ISSUER_STOPPED, log
from aseq.errors import IssuerClosed, IssuerFull, IssueTimeout

from ._answers import Answer, Held, Refused, Row, Told
from ._call import BLOCKED, HELD, LOST, ROW_LOCKED, WAITS, Call, longest
from ._lanes import Lanes
from ._line import Entry, Line
from ._sources import Source
from ._worker import Numberer, Worker

KEPT = 0.02
"""Seconds for which the connection is kept when there is nothing to do."""

GRACE = 1.0
"""Seconds in which the tasks may end by themselves when there is nothing left to do."""

SHORTEST_REST, LONGEST_REST = 0.002, 0.2
"""Seconds."""

FORKED = "it was started in the process that this one was forked from: start one here"
OTHER_LOOP = "it was started in another event loop: start one in this loop"
CLOSING = "it is being closed and takes nothing more"
CLOSED = "it was closed while rows were waiting. Their callers may ask again, of another issuer"
DEAD = "its task has ended, and nothing is numbered any more: {!r}"


class Desk:
    """The calls of one issuer, from its start to its end, in one event loop.

    Args:
        source: of connections.
        numberer: numbers a group.
        shared: a group may be of several sequences, so it takes those that are free.
        limit: how many callers may wait.
    """

    def __init__(self, source: Source, numberer: Numberer, *, shared: bool, limit: int) -> None:
        self._source, self._numberer = source, numberer
        self._shared, self._limit = shared, limit
        self._loop, self._pid = asyncio.get_running_loop(), os.getpid()
        self._calls = set[Call]()
        self._line = Line[Call](WAITS)
        self._wake, self._gone = asyncio.Event(), asyncio.Event()
        self._refusal: str | None = None
        self._death: BaseException | None = None
        self._lanes = Lanes(self._worker, self._sort, self._ended)
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._ended)

    def ask(self, key: Hashable, seconds: float) -> Call:
        """Stand in line for the number of a row.

        Raises:
            IssuerClosed: nobody would number it.
            IssuerFull: as many wait as may.
        """
        self._check_open()
        if len(self._calls) >= self._limit:
            raise IssuerFull(self._limit)
        call = Call(self._loop.create_future(), self._loop.time())
        self._line.enter(key, call)
        self._calls.add(call)
        call.timer = self._loop.call_later(seconds, self._expire, call)
        self._wake.set()
        return call

    def leave(self, call: Call) -> None:
        """Forget a caller who was told, or has gone."""
        call.leave()
        self._calls.discard(call)
        if self._refusal is not None:  # this one may be the last
            self._wake.set()
            self._gone.set()

    @property
    def has_ended(self) -> bool:
        """Whether its task has ended, or it is being closed."""
        return self._refusal is not None or self._task.done()

    async def close(self, *, drain: bool) -> None:
        """Take nothing more, and end.

        Args:
            drain: number what waits before; otherwise, and if this is cancelled, all that
                wait are told that it was closed.
        """
        self._refusal = self._refusal or CLOSING
        self._wake.set()
        try:
            while drain and self._calls and not self._task.done():
                self._gone.clear()
                await self._gone.wait()
        finally:
            self._refuse_all(CLOSED)
            tasks = [self._task, *self._lanes.tasks]
            # They give their connections back, if they don't wait for a sequence.
            await asyncio.wait(tasks, timeout=GRACE)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _check_open(self) -> None:
        if os.getpid() != self._pid:
            raise IssuerClosed(FORKED)
        if asyncio.get_running_loop() is not self._loop:
            raise IssuerClosed(OTHER_LOOP)
        if self._refusal is not None:
            raise IssuerClosed(self._refusal) from self._death

    def _worker(self) -> Worker:
        return Worker(self._source, self._numberer)

    async def _run(self) -> None:
        worker = self._worker()
        try:
            while self._calls or self._refusal is None:
                group = self._line.take(worker.size, self._loop.time())
                if group:
                    seconds = None if self._shared else self._left(group)
                    self._sort(group, await worker.number(group, seconds))
                else:
                    await self._rest(worker)
            await worker.release()
        finally:
            await worker.give_up()

    def _left(self, group: list[Entry[Call]]) -> float:
        return max(0.001, longest(group) - self._loop.time())

    async def _rest(self, worker: Worker) -> None:
        """Wait until there is something to do; without a connection, if that takes long."""
        self._wake.clear()
        due = self._line.next_due()
        until = self._loop.time() + KEPT if worker.connected else due
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until if due is None else min(until or due, due)):
                await self._wake.wait()
            return
        if worker.connected and (due is None or due > self._loop.time()):
            await worker.release()

    def _sort(self, group: list[Entry[Call]], results: dict[Hashable, Answer] | None) -> None:
        if results is None:
            self._again(group)
            return
        for entry in group:
            result = results[entry.key]
            if isinstance(result, Told):
                for call in entry.waiters:
                    call.tell(result.number)
            elif isinstance(result, Refused):
                for call in entry.waiters:
                    call.fail(result.error)
            elif isinstance(result, Held):
                self._wait_for(result.sequence, entry)
            elif result is Row.BLOCKED:
                entry.alone = True  # it would keep the others of its group waiting
                self._put_to_rest(entry, BLOCKED)
            else:
                self._put_to_rest(entry, ROW_LOCKED)

    def _wait_for(self, sequence: str, entry: Entry[Call]) -> None:
        """Put an entry where it waits for a sequence that somebody holds."""
        entry.why = HELD
        if not (self._shared and self._lanes.put(sequence, entry)):
            self._put_to_rest(entry, HELD)

    def _again(self, group: list[Entry[Call]]) -> None:
        """Put a group back in line, of which nobody knows what became of it."""
        if len(group) > 1:
            self._line.put_back(group)
        else:
            group[0].alone = True
            self._put_to_rest(group[0], LOST)
        self._wake.set()

    def _put_to_rest(self, entry: Entry[Call], why: str) -> None:
        entry.why = why
        rest = min(LONGEST_REST, SHORTEST_REST * 2.0 ** min(entry.rests, 10))
        self._line.rest(entry, self._loop.time() + rest)
        self._wake.set()

    def _expire(self, call: Call) -> None:
        entry = call.entry
        error = IssueTimeout(entry.key, entry.why, self._loop.time() - call.began)
        error.__cause__ = entry.cause
        call.fail(error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task has ended: all that wait must know, unless it was closed."""
        if not task.cancelled() and task.exception() is None:
            return
        death = asyncio.CancelledError() if task.cancelled() else task.exception()
        if self._refusal is None:
            self._death = death
            self._refusal = DEAD.format(death)
            if self._calls or not task.cancelled():  # else the event loop ends, that is all
                log(
                    ISSUER_STOPPED,
                    sequence=self._numberer.about,
                    connection=self._source.kind,
                    reason=self._refusal,
                    exc_info=death,
                )
        self._refuse_all(self._refusal)
        self._gone.set()
        for other in (self._task, *self._lanes.tasks):
            other.cancel()

    def _refuse_all(self, reason: str) -> None:
        for call in list(self._calls):
            error = IssuerClosed(reason)
            error.__cause__ = self._death
            call.fail(error)
