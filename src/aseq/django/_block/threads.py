"""The thread that Django's connections of a task are in, or a thread of a block's own.

Django has one connection per thread and alias. asgiref runs a task's sync code in the
thread of a sync caller further up, or in that of the request. Where there is neither, all
tasks share one thread, and with it one transaction: there a block gets its own.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from weakref import WeakKeyDictionary

import anyio
from asgiref.sync import ThreadSensitiveContext
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .. import conf
from .._private import CURRENT, EXECUTORS, executor_of, has_sync_caller, was_left

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, anyio.CapacityLimiter] = (
    WeakKeyDictionary()
)


class BlockThread(ThreadSensitiveContext):
    """A thread for blocks. asgiref uses it while ``bool(self)`` is True: see `_private`."""

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.executor = executor
        self.loop = asyncio.get_running_loop()
        self.blocks = 0

    def is_over(self) -> bool:
        """Whether no block can begin in it any more."""
        raise NotImplementedError

    def enter(self) -> None:
        """Use it in the current context."""
        EXECUTORS[self] = self.executor
        self._former = CURRENT.get(None)
        self._token = CURRENT.set(self)

    def leave(self) -> None:
        """Don't use it in the current context any more."""
        if CURRENT.get(None) is not self:
            return
        if self._former is not None:
            CURRENT.set(self._former)
            return
        # There was no value, and None would be one: a request served in this context
        # later (as in tests) would then get no thread. From a context that isn't the one
        # that entered, it can't be removed; there it is False as soon as it is over.
        with suppress(ValueError, RuntimeError):
            CURRENT.reset(self._token)

    async def close(self, *, wait: bool = True) -> None:
        """One block less."""
        self.blocks -= 1


class RequestThread(BlockThread):
    """The thread of a request that has a block open.

    If the request ends before the block, asgiref would start another thread, and what the
    block saves would be committed there by itself. The thread that was here takes no more.
    """

    def __init__(self, request: ThreadSensitiveContext) -> None:
        if executor_of(request) is None:  # nothing has used it yet; as asgiref does it
            EXECUTORS[request] = ThreadPoolExecutor(1)
        super().__init__(EXECUTORS[request])
        self._request = request

    def __bool__(self) -> bool:
        return self.blocks > 0 or not self.is_over()

    def is_over(self) -> bool:
        """The end of the request takes its thread away."""
        return executor_of(self._request) is not self.executor


class OwnThread(BlockThread):
    """A thread for the blocks of one task, and for the tasks that inherit its context.

    False when it is over: asgiref then goes on as if it wasn't there.
    """

    def __init__(self) -> None:
        super().__init__(ThreadPoolExecutor(1, "aseq"))
        self.limiter = _limiter()
        self._over = False

    def __bool__(self) -> bool:
        return not self._over

    def is_over(self) -> bool:
        """After the last block."""
        return self._over

    async def close(self, *, wait: bool = True) -> None:
        """One block less. After the last, close the thread's connections.

        It does so after whatever else waits for the thread.
        """
        self.blocks -= 1
        if self.blocks:
            return
        closing = self.shut()
        if not wait:  # it counts until it is gone
            closing.add_done_callback(lambda _: self._release_later())
            return
        try:
            # Not to be cancelled, even at the end of the loop.
            await asyncio.shield(asyncio.wrap_future(closing))
        finally:
            self.limiter.release_on_behalf_of(self)

    def _release_later(self) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.limiter.release_on_behalf_of, self)

    def shut(self) -> Future[None]:
        """Begin to close the thread's connections, without waiting for that."""
        self._over = True
        EXECUTORS.pop(self, None)
        closing = self.executor.submit(_close_connections)
        self.executor.shutdown(wait=False)
        return closing


def _close_connections() -> None:
    connections.close_all()
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:  # SQLite in memory: Django leaves it open
            BaseDatabaseWrapper.close(connection)


async def block_thread() -> BlockThread | None:
    """The thread that a new block is to use, or None where sync code decides that.

    Waits while as many as the settings allow are in use.
    """
    if has_sync_caller():
        return None
    current = CURRENT.get(None)
    thread: BlockThread | None = None
    if isinstance(current, BlockThread):
        if not current.is_over() and current.loop is asyncio.get_running_loop():
            current.blocks += 1
            return current
    elif current is not None and not was_left(current):  # else its request has ended
        thread = RequestThread(current)
    if thread is None:
        thread = own = OwnThread()
        await own.limiter.acquire_on_behalf_of(own)
    thread.blocks += 1
    thread.enter()
    return thread


def _limiter() -> anyio.CapacityLimiter:
    number = conf.max_blocks()
    limiter = _limiters.setdefault(asyncio.get_running_loop(), anyio.CapacityLimiter(number))
    if limiter.total_tokens != number:
        limiter.total_tokens = number
    return limiter
