"""A block's way from the event loop to the thread that its connection is in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from threading import Thread
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import Error, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from aseq._concurrency import call
from aseq._concurrency.shield import shielded

from .. import _mysql
from .._private import sync_caller

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


class Worker:
    """How to reach an alias's connection in its thread, and how to wake that thread.

    Attributes:
        connection: Django's, in that thread; None until the block begins there.
    """

    def __init__(self, using: str) -> None:
        self._using = using
        self.connection: BaseDatabaseWrapper = None
        self._context: Context | None = None

    @property
    def is_bound(self) -> bool:
        """Whether there is a thread yet."""
        return self._context is not None

    def bind_context(self) -> None:
        """Run everything from now on as the current context would, and in that thread."""
        self._context, self._caller = copy_context(), sync_caller()

    async def run(self, work: Callable[[], T], on_cancel: OnCancel | None = None) -> T:
        """Run something in the thread, to its end.

        Raises:
            Moved: the thread takes no more; nothing was run.
        """
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
                    raise
                # `run` didn't start: the sync caller's executor was shut down meanwhile.
        assert self._context is not None  # noqa: S101
        try:
            return await _run(run, on_cancel, self._context.copy())
        except RuntimeError as exc:
            if begun:
                raise
            raise Moved from exc  # `run` didn't start: the thread's executor is shut down

    async def _leads_there(self) -> bool:
        """Whether sync code in that very thread waits for this: then it must run it."""
        if sync_caller() is self._caller:
            return False
        with suppress(RuntimeError):  # it has ended
            return await sync_to_async(self._is_here)()
        return False

    def _is_here(self) -> bool:
        return connections[self._using] is self.connection

    def find(self) -> BaseDatabaseWrapper:
        """In the thread: its connection."""
        return connections[self._using]

    def take(self) -> BaseDatabaseWrapper:
        """In the thread: use its connection from now on."""
        self.connection = self.find()
        _mysql.note(self.connection)
        return self.connection

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
        _mysql.let_go(self.connection)
        with suppress(ProgrammingError):  # mysqlclient closes none that a thread waits on
            self.connection.close()

    def wake(self) -> None:
        """From another thread: ask the server to cancel what the thread waits for."""
        driver = self.connection.connection
        if hasattr(driver, "cancel_safe"):  # psycopg
            driver.cancel_safe(timeout=call.CANCEL_TIMEOUT)
        elif hasattr(driver, "cancel"):  # psycopg2
            self._bounded(driver.cancel)
        elif hasattr(driver, "thread_id"):  # mysqlclient and PyMySQL
            self._bounded(partial(_mysql.kill_query, self.connection))

    def _bounded(self, cancel: Callable[[], object]) -> None:
        """What connects, and has no timeout (such as psycopg2's `cancel`).

        One that comes through later would hit another statement, so there must be none.
        """
        thread = Thread(target=_quietly, args=[cancel], daemon=True)
        thread.start()
        thread.join(call.CANCEL_TIMEOUT)
        if thread.is_alive():
            self.hang_up()

    def hang_up(self) -> None:
        """From another thread: end the connection to a server that doesn't react.

        Django is told so that `Atomic.__exit__` neither sends anything nor opens another
        connection, which wouldn't react either (`set_autocommit` would do so).
        """
        with suppress(Exception):  # it is closed
            fileno = _mysql.fileno(self.connection)
            if fileno is not None:
                self.connection.closed_in_transaction = self.connection.needs_rollback = True
                call.hang_up(fileno)

    def discard(self, driver: Any) -> None:
        """In the thread: close what was hung up, or a pool would miss it.

        Args:
            driver: the driver's connection, which Django may have forgotten by now.
        """
        if driver is not None:
            connection = self.connection
            connection.connection, connection.closed_in_transaction = driver, False
            with suppress(Error):
                connection.close()


def _quietly(work: Callable[[], object]) -> None:
    with suppress(Exception):
        work()


async def _run(work: Callable[[], T], on_cancel: OnCancel | None, context: Context) -> T:
    return await shielded(lambda: sync_to_async(work)(), on_cancel, context=context)
