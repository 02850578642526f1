"""Work that is interrupted from outside when its caller is cancelled. Knows no database.

A cancellation that reached the work itself would stop it in the middle of a conversation with
a server. So the work runs in a task that is never cancelled; whoever is at the other end is
asked to bring it to an end, again and again, and at last hung up on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, TypeVar

from . import call
from .shield import consume_exception, shielded

T = TypeVar("T")


async def interruptible(
    work: Callable[[], Coroutine[Any, Any, T]],
    interrupt: Callable[[], Coroutine[Any, Any, object]],
    give_up: Callable[[], object],
) -> T:
    """Run `work` to its end; if the caller is cancelled, it is brought to an early one.

    Args:
        work: what to run. Only its own errors end it.
        interrupt: asks for an early end. It may come too early or too late, and may fail.
        give_up: makes the work end at once, whatever it waits for. Called if nothing helped
            for `call.LIMIT` seconds.

    Returns:
        what the work returned, if the caller wasn't cancelled meanwhile. There is no
        cancellation point between the end of the work and the return.

    Raises:
        asyncio.CancelledError: the caller was cancelled. The work has ended, and so has every
            attempt to interrupt it: none will hit what comes next.
    """
    interrupting: list[asyncio.Task[None]] = []
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run() -> T:
        try:
            return await work()
        finally:
            done.set_result(None)
            if interrupting:
                await asyncio.wait(interrupting)

    def on_cancel(task: asyncio.Task[T] | None) -> None:
        loop = done.get_loop()
        if task and loop.is_running():  # it isn't when a forgotten coroutine is collected
            attempts = _keep_interrupting(done, interrupt, give_up)
            interrupting.append(loop.create_task(attempts))

    return await shielded(run, on_cancel)


async def _keep_interrupting(
    done: asyncio.Future[None],
    interrupt: Callable[[], Coroutine[Any, Any, object]],
    give_up: Callable[[], object],
) -> None:
    deadline = monotonic() + call.LIMIT
    while not done.done():
        attempt = asyncio.create_task(interrupt())
        attempt.add_done_callback(consume_exception)
        await asyncio.wait([attempt], timeout=max(0, deadline - monotonic()))
        if not attempt.done() or monotonic() > deadline:
            give_up()  # what is under way would hit something else
            attempt.cancel()
            return
        await asyncio.wait([done], timeout=call.PAUSE)
