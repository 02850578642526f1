"""How fast the database answers: as a schedule says, in turns of the event loop.

On PostgreSQL a proxy keeps the answers back, on SQLite a trigger stops the draw in its
thread. An answer that is let through is there, unseen, before the event loop turns again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

import anyio.lowlevel

from tests import clients
from tests.clients import Client
from tests.faults.stalls import Gate, gate
from tests.proxy import Proxy

PATIENCE = 0.003
"""Seconds that an answer is waited for: it may not come, behind another transaction."""

MOMENT = 0.0002
"""Seconds in which a thread does the next thing that it can do."""

_SLOW = (
    "CREATE TEMP TRIGGER slow_{event} AFTER {event} ON main.aseq_sequence BEGIN SELECT max(n) "
    "FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 10000) "
    "SELECT n FROM c); END"
)


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
        """Let through what the database has to say now, and wait, blocking, until it is here."""

    @abstractmethod
    def release(self) -> None:
        """Let everything through from now on."""

    def cut(self) -> None:
        """End what hangs."""
        self.release()


class Free(Pace):
    """Nothing can be held back. (Threads that share a connection may stop each other.)"""

    threads = True

    def hold(self) -> None:
        return

    let_through = release = hold


class Turnstile(Proxy, Pace):
    """A proxy that lets one answer through at a time."""

    def hold(self) -> None:
        self.hold_answers()

    def let_through(self) -> None:
        self._soon(lambda: self.owes or bool(self._held), MOMENT)
        self._soon(lambda: not self.owes, PATIENCE)
        with self._changed:
            goal = self._received
        self.release()
        self._soon(lambda: self._delivered >= goal, PATIENCE)
        self.hold_answers()

    def cut(self) -> None:
        self.release()
        super().cut()

    def _soon(self, ready: object, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(ready, seconds)  # type: ignore[arg-type]


class Doorkeeper(Pace):
    """A gate in a trigger that lets one draw through at a time."""

    threads = True

    def __init__(self, stop: Gate) -> None:
        self._gate = stop

    def hold(self) -> None:
        self._gate.shut()

    def let_through(self) -> None:
        self._gate.pass_one(MOMENT)
        time.sleep(MOMENT)

    def release(self) -> None:
        self._gate.release()


def shares_threads(client: Client) -> bool:
    """Whether tasks may use the connection in several threads at once."""
    return isinstance(client, clients.Sqlite3)


async def doorkeeper(client: Client) -> Pace:
    """What slows the draws of an SQLite connection down."""
    if not shares_threads(client):
        return Doorkeeper(await gate(client))
    for event in ("INSERT", "UPDATE"):
        await client.execute(_SLOW.format(event=event))
    return Free()
