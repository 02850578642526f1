"""How fast the database answers: as a schedule says, in turns of the event loop.

On PostgreSQL a proxy keeps the answers back, on SQLite a trigger stops the draw in its
thread. An answer that is let through is there, unseen, before the event loop turns again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from threading import Condition

import anyio.lowlevel

from tests.proxy import Proxy

PATIENCE = 0.003
"""Seconds that an answer is waited for: it may not come, behind another transaction."""

MOMENT = 0.0002
"""Seconds in which a thread does the next thing that it can do."""


LIMIT = 1.0
"""Seconds after which a draw goes on by itself.

The event loop may wait for it, and can't be told: a cursor that is collected as garbage in
the loop's thread wants the connection to itself.
"""


class Pace(ABC):
    """Of the answers that one connection gets."""

    threads = False

    async def turns(self, count: int) -> None:
        """Let the event loop turn, and threads get on."""
        for _ in range(count):
            if self.threads:
                time.sleep(MOMENT / 4)  # noqa: ASYNC251  # that's what a busy loop does
            await anyio.lowlevel.checkpoint()

    @abstractmethod
    def hold(self) -> None:
        """Let nothing through from now on."""

    @abstractmethod
    def let_through(self) -> None:
        """Let through what the database says now, and wait, blocking, until it is here."""

    @abstractmethod
    def release(self) -> None:
        """Let everything through from now on."""

    def cut(self) -> None:
        """End what hangs."""
        self.release()


class Turnstile(Proxy, Pace):
    """A proxy that lets one answer through at a time."""

    def hold(self) -> None:
        self.hold_answers()

    def let_through(self) -> None:
        holds = not self._answers
        self._soon(lambda: self.owes or bool(self._held), MOMENT)
        self._soon(lambda: not self.owes, PATIENCE)
        with self._changed:
            goal = self._received
        self.release()
        self._soon(lambda: self._delivered >= goal, PATIENCE)
        if holds:
            self.hold()

    def cut(self) -> None:
        self.release()
        super().cut()

    def _soon(self, ready: object, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(ready, seconds)  # type: ignore[arg-type]


class Doorkeeper(Pace):
    """Stands in a trigger, and lets one draw through at a time."""

    threads = True

    def __init__(self) -> None:
        self._changed = Condition()
        self._holds = False
        self._waiting = self._passes = 0

    def __call__(self) -> None:
        """The trigger, in the connection's thread."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._holds or self._passes, LIMIT)
            self._waiting -= 1
            self._passes = 0
            self._changed.notify_all()

    def hold(self) -> None:
        self._holds = True

    def let_through(self) -> None:
        with self._changed:
            if self._holds and self._changed.wait_for(lambda: self._waiting, MOMENT):
                self._passes = 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._passes, PATIENCE)
        time.sleep(MOMENT)

    def release(self) -> None:
        with self._changed:
            self._holds = False
            self._changed.notify_all()
