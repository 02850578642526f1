"""Hops from the event loop to the thread that a block's connection is in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from aseq._concurrency.shield import shielded

from .threads import sync_caller

T = TypeVar("T")
OnCancel = Callable[[Any], object]

MOVED = (
    "rolled back: the request (or sync caller) that owned this connection ended before the "
    "block did. Start a task that outlives its request with `asyncio.create_task(..., "
    "context=contextvars.Context())`: its blocks then have connections of their own"
)


class Moved(TransactionManagementError):
    """The thread of a block's connection is gone."""

    def __init__(self) -> None:
        super().__init__(MOVED)


class Hops:
    """The way to the connection of an alias in one thread."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.connection: BaseDatabaseWrapper = None
        self.context: Context | None = None

    def adopt(self) -> None:
        """Run everything from now on as the current context would, and in that thread."""
        self.context, self._caller = copy_context(), sync_caller()

    async def hop(self, work: Callable[[], T], on_cancel: OnCancel | None = None) -> T:
        """Run something in the thread, to its end."""
        begun = False

        def run() -> T:
            nonlocal begun
            begun = True
            return work()

        if await self._leads_there():
            try:
                return await _run(run, on_cancel, copy_context())
            except RuntimeError:
                if begun:
                    raise  # else that code has just ended
        assert self.context is not None  # noqa: S101
        try:
            return await _run(run, on_cancel, self.context.copy())
        except RuntimeError as exc:
            if begun:
                raise
            raise Moved from exc  # the thread takes no more

    async def _leads_there(self) -> bool:
        """Whether sync code in that very thread waits for this: then it must run it."""
        if sync_caller() is self._caller:
            return False
        with suppress(RuntimeError):  # it has ended
            return await sync_to_async(self._is_here)()
        return False

    def _is_here(self) -> bool:
        return connections[self.using] is self.connection

    def check_thread(self) -> None:
        """In the thread: refuse if it isn't the one that the block began in.

        Raises:
            TransactionManagementError: its own ended; the connection was closed now.
        """
        if not self._is_here():
            self.disconnect()
            raise Moved

    def disconnect(self) -> None:
        """From any thread: the server rolls back."""
        self.connection.inc_thread_sharing()
        self.connection.close()


async def _run(work: Callable[[], T], on_cancel: OnCancel | None, context: Context) -> T:
    return await shielded(lambda: sync_to_async(work)(), on_cancel, context=context)
