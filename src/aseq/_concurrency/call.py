"""A call in the thread of a connection: cancelled before it begins, or woken after that.

Nobody can interrupt a thread that waits for a lock, but another one can ask the server to
cancel the statement, and at last hang up. Knows no database.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

PAUSE = 0.1
"""Seconds between two wakings: the first may come before the statement is sent."""

CANCEL_TIMEOUT = 1.0
"""Seconds in which a server should hear that it is to cancel something."""

LIMIT = 5.0
"""Seconds after which a server that doesn't react is given up."""


class Cancelled(Exception):
    """Nobody waited for the result any more, so nothing was run."""


class Job(Generic[T]):
    """Something to run once, in the thread that may use the connection.

    Args:
        work: what to run. It calls `begin` when it is about to use the connection.
        wake: makes the thread return soon, from any other thread; it may be too early or
            too late, and may fail.
        abort: called in the thread, at the end, if the work had begun when it was cancelled.
        give_up: makes the thread return after `LIMIT`, whatever it waits for.
    """

    def __init__(
        self,
        work: Callable[[], T],
        wake: Callable[[], object],
        abort: Callable[[], object],
        give_up: Callable[[], object],
    ) -> None:
        self._work, self._wake, self._abort = work, wake, abort
        self._give_up = give_up
        self._lock = Lock()
        self._done = Event()
        self._waker: Thread | None = None
        self.cancelled = False
        self.started = False

    def begin(self) -> None:
        """From now on, cancelling it means to wake the thread.

        Raises:
            Cancelled: it was cancelled before.
        """
        with self._lock:
            if self.cancelled and not self.started:
                raise Cancelled
            self.started = True

    def check_wanted(self) -> None:
        """Whatever was begun: don't go on if nobody waits for the result any more.

        Raises:
            Cancelled: nobody does.
        """
        if self.cancelled:
            raise Cancelled

    def cancel(self, *_: object) -> None:
        """Nobody waits for the result any more. Returns at once."""
        with self._lock:
            if self.cancelled:
                return
            self.cancelled = True
            if self.started and not self._done.is_set():
                # Not in a pool's thread: all of those may be waiting, too.
                waker = Thread(target=self._keep_waking, daemon=True)
                with suppress(RuntimeError):  # no more threads: then it isn't woken
                    waker.start()
                    self._waker = waker

    def _keep_waking(self) -> None:
        deadline = monotonic() + LIMIT
        while True:
            with suppress(Exception):
                self._wake()
            # The last one must have ended in time, too.
            last = monotonic() + PAUSE + CANCEL_TIMEOUT > deadline
            if self._done.wait(max(0, deadline - monotonic()) if last else PAUSE):
                return
            if last:
                self._give_up()
                return

    def __call__(self) -> T:
        """Run it, in the thread.

        Raises:
            Cancelled: it was, before it began.
        """
        try:
            return self._work()
        finally:
            with self._lock:
                self._done.set()
            # A waking that is late would hit whatever comes next on the connection.
            if self._waker is not None:
                self._waker.join()
            if self.cancelled and self.started:
                self._abort()


def hang_up(fileno: int) -> None:
    """End a connection to a server, so that a thread that reads from it returns."""
    with suppress(OSError), socket.fromfd(fileno, socket.AF_INET, socket.SOCK_STREAM) as end:
        end.shutdown(socket.SHUT_RDWR)
