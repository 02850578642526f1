"""A lock that outlives the work it was taken for. Knows no database, and nothing of aseq.

A worker thread takes the lock, and somebody else in the event loop gives it back when he has
seen what came out. But the loop may never get there: what it runs may itself wait for the lock,
and keep the loop from turning. So the lock is kept for a limited time only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic, sleep

GRACE = 0.25
"""Seconds for which the lock is kept after the work, unless it is given back before."""

POLL = 0.1
"""Seconds between two looks whether the lock is still wanted."""


class LeaseExpired(Exception):
    """Nobody came back in time, and somebody else may have had the lock since."""


class Lease:
    """The right to a lock, for one piece of work after the other.

    Args:
        lock: the lock, which any thread may release.
    """

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._mutex = Lock()  # for the fields below, and never held for long
        self._held = self._working = self._ended = False
        self._round = 0
        self.expired = False

    @property
    def held(self) -> bool:
        """Whether nobody else has the lock now."""
        return self._held

    @contextmanager
    def taken(self, check_wanted: Callable[[], object]) -> Iterator[None]:
        """Work with the lock, waiting for it if need be. It is kept after the work.

        Args:
            check_wanted: called while it waits; what it raises ends the wait.
        """
        if not self._resume():
            while not self._lock.acquire(timeout=POLL):
                check_wanted()
            with self._mutex:
                self._held = self._working = True
        try:
            yield
        finally:
            self._pause()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Work with the lock, which nobody else has had since it was taken.

        Raises:
            LeaseExpired: somebody may have had it.
        """
        if self.expired or not self._resume():
            raise LeaseExpired
        try:
            yield
        finally:
            self._pause()

    def end(self) -> None:
        """Give the lock back: now, or as soon as the work that uses it is done."""
        with self._mutex:
            self._ended = True
            if not self._working:
                self._release()

    def _resume(self) -> bool:
        with self._mutex:
            self._working = self._held
            return self._held

    def _pause(self) -> None:
        with self._mutex:
            self._working = False
            self._round += 1
            if self._ended:
                self._release()
            else:
                _clock.watch(self, self._round)

    def expire(self, round_: int) -> None:
        """Give the lock back unless there was work since a round."""
        with self._mutex:
            if self._held and not self._working and self._round == round_:
                self._release()
                self.expired = True

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._lock.release()


class _Clock:
    """One thread for all leases: each is watched for as long, so the first in is first out."""

    def __init__(self) -> None:
        self._watched: SimpleQueue[tuple[float, Lease, int]] = SimpleQueue()
        self._starting = Lock()
        self._thread: Thread | None = None

    def watch(self, lease: Lease, round_: int) -> None:
        self._watched.put((monotonic() + GRACE, lease, round_))
        # None is alive after a fork.
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(target=self._run, name="aseq-leases", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            due, lease, round_ = self._watched.get()
            if lease.held and (left := due - monotonic()) > 0:
                sleep(left)
            lease.expire(round_)


_clock = _Clock()
