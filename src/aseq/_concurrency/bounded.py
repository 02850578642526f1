"""Work that is cancelled with its caller, and given up if that takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from . import call
from .shield import shielded

T = TypeVar("T")


async def bounded(
    work: Callable[[], Coroutine[Any, Any, T]], give_up: Callable[[], object]
) -> T:
    """Run `work` in a task of its own, which is cancelled once when the caller is.

    For drivers that turn a cancellation into a conversation with the server: a scope of
    anyio's, which cancels again and again, would cut that off.

    Args:
        work: what to run, on asyncio.
        give_up: makes the work end at once, whatever it waits for. Called if it hasn't ended
            `call.LIMIT` seconds after it was cancelled.

    Returns:
        what the work returned, if the caller wasn't cancelled meanwhile.

    Raises:
        asyncio.CancelledError: the caller was cancelled, and the work has ended.
    """

    def cancel(task: asyncio.Task[T] | None) -> None:
        if task is not None and task.get_loop().is_running():
            timer = task.get_loop().call_later(call.LIMIT, give_up)
            task.add_done_callback(lambda _: timer.cancel())
            task.cancel()

    return await shielded(work, cancel)
