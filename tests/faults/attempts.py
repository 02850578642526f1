"""Work beside a test, which the test cancels: natively, or by a scope."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

WAYS = ("task", "scope")
"""`task.cancel()` is delivered once; a scope of anyio or trio again and again."""


class Attempt:
    """Something that is tried, and may be cancelled. The cancellation is swallowed.

    Attributes:
        value: what came out, if anything did.
        error: what was raised instead, be it inside the scope.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.ended = anyio.Event()
        self._scope = anyio.CancelScope()
        self._task: asyncio.Task[Any] | None = None

    async def __call__(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Try it; nothing is raised."""
        if asyncio_runs():
            self._task = asyncio.current_task()
        try:
            with self._scope:
                await self._remember(work)
        except (Exception, asyncio.CancelledError):
            assert self.error is not None
        finally:
            self.ended.set()

    async def _remember(self, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            self.value = await work()
        except BaseException as exc:
            self.error = exc
            raise

    def cancel(self, way: str) -> None:
        """Cancel it in one of the `WAYS`."""
        if way == "scope":
            self._scope.cancel()
        else:
            assert self._task is not None
            self._task.cancel()

    @property
    def ran_out(self) -> bool:
        """Whether it is over."""
        return self.ended.is_set()


def asyncio_runs() -> bool:
    """Whether the event loop is asyncio's."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


async def cancelled_at(tick: int, work: Awaitable[object]) -> object:
    """What becomes of some work that is cancelled so many turns of the loop later."""
    task = asyncio.ensure_future(work)
    for _ in range(tick):
        await asyncio.sleep(0)
    task.cancel()
    [result] = await asyncio.gather(task, return_exceptions=True)
    return result
