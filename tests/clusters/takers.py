"""Clients that take part in a sequence on a cluster, as the documentation tells them to.

The whole transaction is tried again, by stamina. What `is_retryable` doesn't say yes to is a
lost connection: nobody knows then whether the transaction was committed, so the next try looks
for the row by its key first. Before either, a taker waits for a server that can be written to.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import anyio
import stamina

from aseq import is_retryable

Draw = Callable[[str], Awaitable[int]]
LookUp = Callable[[str], Awaitable[int | None]]
Ready = Callable[[str], Awaitable[None]]

stamina.instrumentation.set_on_retry_hooks([])


class Takers:
    """Who takes numbers, and what was acknowledged to them.

    Args:
        draw: one transaction: draws a number and saves it under a key; may raise anything.
        look_up: the number that is saved under a key, if it is.
        ready: returns when there is a server for a key that says that it can be written to.
        lost: the errors of a lost connection.

    Attributes:
        acknowledged: the numbers by key, as the calls returned them.
        retried: how often an error was worth a new transaction, by its name and code.
        ambiguous: how often a connection was lost, and then what the look-up found.
    """

    def __init__(
        self,
        draw: Draw,
        look_up: LookUp,
        ready: Ready,
        lost: tuple[type[BaseException], ...],
    ) -> None:
        self._draw, self._look_up, self._ready, self._lost = draw, look_up, ready, lost
        self.acknowledged: dict[str, int] = {}
        self.retried: dict[str, int] = {}
        self.ambiguous = {"saved": 0, "not saved": 0}

    async def take(self, key: str) -> int:
        """Take a number for a key, whatever happens to the servers."""
        while True:
            try:
                number = await self._transaction(key)
            except self._lost:
                found = await self.answered(key)
                self.ambiguous["not saved" if found is None else "saved"] += 1
                if found is None:
                    continue
                number = found
            self.acknowledged[key] = number
            return number

    async def _transaction(self, key: str) -> int:
        """As docs/how-to/retries.md has it; its pauses are for those who collide."""
        async for attempt in stamina.retry_context(
            on=self._worth_it, attempts=None, timeout=90, wait_initial=0.002, wait_max=0.1
        ):
            with attempt:
                if attempt.num > 1:
                    await self._ready(key)
                return await self._draw(key)
        raise AssertionError

    async def answered(self, key: str) -> int | None:
        """Ask until there is somebody to answer."""
        with anyio.fail_after(90):
            while True:
                await self._ready(key)
                try:
                    return await self._look_up(key)
                except Exception as exc:
                    if not isinstance(exc, self._lost) and not is_retryable(exc):
                        raise

    def _worth_it(self, exc: Exception) -> bool:
        worth_it = is_retryable(exc)
        if worth_it:
            code = exc.args[0] if exc.args else None
            if not isinstance(code, int):  # MariaDB's numbers say more than its states
                code = getattr(exc, "sqlstate", None)
            name = f"{type(exc).__name__} {code}"
            self.retried[name] = self.retried.get(name, 0) + 1
        return worth_it

    async def work(self, name: str, until: Callable[[], bool]) -> None:
        """Take one number after the other, until it is enough."""
        count = 0
        while not until():
            count += 1
            await self.take(f"{name}-{count}")

    @asynccontextmanager
    async def working(self, count: int) -> AsyncIterator[None]:
        """So many of them take numbers while the block runs."""
        over = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for each in range(count):
                tasks.start_soon(self.work, f"t{each}", over.is_set)
            yield
            over.set()

    async def more(self, count: int) -> None:
        """Return when so many more were acknowledged."""
        wanted = len(self.acknowledged) + count
        with anyio.fail_after(240):
            while len(self.acknowledged) < wanted:  # noqa: ASYNC110
                await anyio.sleep(0.01)


def assert_complete(takers: Takers, stored: Iterable[tuple[str, int]], last: int) -> None:
    """Gapless, no number twice, and nothing lost that was acknowledged."""
    rows: dict[str, int] = dict(stored)
    assert sorted(rows.values()) == list(range(1, last + 1))
    assert takers.acknowledged == rows


def tell(text: str) -> None:
    """Say what was seen: `make cluster` shows it."""
    sys.stdout.write(f"\n{text}\n")
