"""Running things to their end, whatever cancellations come. Knows no database.

asyncio has two kinds of cancellation: ``task.cancel()``, delivered once, and anyio's
scopes, delivered again and again. trio has scopes only. Work that must not be cut off
runs in a task of its own, which neither reaches, or else in another thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

T = TypeVar("T")


def _on_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


async def shielded(
    work: Callable[[], Coroutine[Any, Any, T]],
    on_cancel: Callable[[asyncio.Task[T] | None], object] | None = None,
    *,
    context: Context | None = None,
) -> T:
    """Run `work` to its end before a cancellation gets any further.

    Args:
        work: what to run; only its own errors end it.
        on_cancel: called once, with the task that runs it, when the caller is
            cancelled: it may cancel that task, or make it stop in some other way. On
            trio there is no such task, but None.
        context: what the work runs in, on asyncio; a copy of the caller's by default.

    Returns:
        what the work returned, if the caller wasn't cancelled meanwhile. There is no
        cancellation point between the end of the work and the return.

    Raises:
        asyncio.CancelledError: the caller was cancelled, and the work has ended.
    """
    if not _on_asyncio():
        if on_cancel is not None:
            return await _on_trio(work, on_cancel)
        with anyio.CancelScope(shield=True):
            return await work()
    task = asyncio.create_task(work(), context=context)
    try:
        await _completion(task)
    except (asyncio.CancelledError, GeneratorExit) as exc:
        task.add_done_callback(consume_exception)
        if on_cancel is not None:
            on_cancel(task)
        if not isinstance(exc, GeneratorExit):  # a closed coroutine can't wait
            await _wait_for(task)
        raise
    return task.result()


async def _on_trio(
    work: Callable[[], Coroutine[Any, Any, T]],
    on_cancel: Callable[[asyncio.Task[T] | None], object],
) -> T:
    """As `shielded`: a child task is there to be cancelled, and tells."""
    cancelled = ended = False
    outcome: Callable[[], T] = _unknown

    async def watch() -> None:
        nonlocal cancelled
        try:
            await anyio.sleep_forever()
        finally:
            if not ended:
                cancelled = True
                on_cancel(None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        with anyio.CancelScope(shield=True):
            outcome = await _outcome(work)
        ended = True
        tasks.cancel_scope.cancel()
    if cancelled:
        await anyio.lowlevel.checkpoint_if_cancelled()
    return outcome()


def _unknown() -> Any:
    raise RuntimeError("the work was shielded, and had no end")


async def _outcome(work: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], T]:
    """What gives the result, or raises the error; a task group would wrap that."""
    try:
        result = await work()
    except Exception as exc:
        error = exc

        def fail() -> T:
            raise error

        return fail
    return lambda: result


async def in_sequence(
    send: Callable[[], Coroutine[Any, Any, T]],
    behind: Callable[[], Coroutine[Any, Any, object]],
    on_cancel: Callable[[], object],
) -> T:
    """As `shielded`, for work that is done elsewhere, one piece after the other.

    It goes on there when its waiter is cancelled, so it needs no task of its own.

    Args:
        send: what sends the work and waits for it.
        behind: what sends a piece that does nothing, behind it, and waits for that.
        on_cancel: called once when the caller is cancelled.
    """
    try:
        return await send()
    except (asyncio.CancelledError, GeneratorExit) as exc:
        on_cancel()
        if not isinstance(exc, GeneratorExit):  # a closed coroutine can't wait
            task = asyncio.create_task(behind())
            task.add_done_callback(consume_exception)
            await _wait_for(task)
        raise


def consume_exception(task: asyncio.Task[Any]) -> None:
    """Look at an error, or asyncio reports that nobody did."""
    if not task.cancelled():
        task.exception()


def _completion(task: asyncio.Task[Any]) -> asyncio.Future[None]:
    """What to await for the end of a task that isn't to be cancelled with its waiter."""
    end: asyncio.Future[None] = task.get_loop().create_future()

    def tell(_: object) -> None:
        if not end.done():
            end.set_result(None)

    task.add_done_callback(tell)
    return end


async def _wait_for(task: asyncio.Task[Any]) -> None:
    """Wait for a task, through anyio's cancellations and any number of asyncio's."""
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await _completion(task)
            except asyncio.CancelledError:
                continue
