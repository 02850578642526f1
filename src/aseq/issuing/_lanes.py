"""Lanes: waiting for a sequence that somebody holds, without delaying anybody else.

A lane is a task that numbers only what is drawn from one sequence, on a connection of its
own, and ends when nobody is left. There are few, so that a pool isn't emptied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from ._answers import Answer
from ._call import HELD, Call, longest
from ._line import Entry, Line
from ._worker import Worker

LANES = 2
"""How many sequences that are held are waited for at a time."""

Sort = Callable[[list[Entry[Call]], "dict[Hashable, Answer] | None"], object]


class Lanes:
    """The lanes of one issuer.

    Args:
        open_worker: makes a worker with a connection of its own.
        sort: told what became of a group.
        ended: called with each task that has ended.
    """

    def __init__(
        self,
        open_worker: Callable[[], Worker],
        sort: Sort,
        ended: Callable[[asyncio.Task[None]], object],
    ) -> None:
        self._open_worker, self._sort, self._ended = open_worker, sort, ended
        self._lines: dict[str, Line[Call]] = {}
        self.tasks = set[asyncio.Task[None]]()

    def put(self, sequence: str, entry: Entry[Call]) -> bool:
        """Let an entry wait for a sequence; False if there is no room for one more lane."""
        line = self._lines.get(sequence)
        if line is None:
            if len(self._lines) >= LANES:
                return False
            line = self._lines[sequence] = Line(HELD)
            task = asyncio.get_running_loop().create_task(self._run(sequence, line))
            self.tasks.add(task)
            task.add_done_callback(self._done)
        line.put_back([entry])
        return True

    async def _run(self, sequence: str, line: Line[Call]) -> None:
        worker, now = self._open_worker(), asyncio.get_running_loop().time
        try:
            while group := line.take(worker.size, now()):
                # What it waits for is known, unlike in the first group of all.
                results = await worker.number(group, max(0.001, longest(group) - now()), HELD)
                self._sort(group, results)
            del self._lines[sequence]  # no await since: who comes now opens another
            await worker.release()
        finally:
            if self._lines.get(sequence) is line:
                del self._lines[sequence]
            await worker.give_up()

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self._ended(task)
