"""Keeps other tasks off an asyncpg connection, from a draw to its caller or its abort.

asyncpg has no lock: it turns a statement away while another one is on its way. But it is free
again as soon as the answer is there, before whoever waits for it has resumed; and while it
cancels a statement, others may queue in front of our abort. A COMMIT that is sent then saves
the rest of a transaction that has lost a number. So, for a while, the connection has in place
of its protocol (the part that talks) one that lets a single task talk.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg

from aseq._concurrency.reserved import Reservation

BUSY = "cannot perform operation: another operation is in progress"

TALKS = frozenset(
    {
        *("prepare", "bind_execute", "bind_execute_many", "bind", "execute", "query"),
        *("copy_in", "copy_out"),
    }
)
"""The methods of the protocol that send something."""


class HeldProtocol:
    """A protocol that only one task may talk through.

    Others are turned away, as asyncpg itself would; or wait, if the task has lost a number.

    Attributes:
        protocol: the one that it stands for.
        reservation: whose it is.
    """

    def __init__(self, connection: Any) -> None:
        self._connection, self.protocol = connection, connection._protocol
        self.reservation = Reservation()

    def __getattr__(self, name: str) -> Any:
        if name in TALKS and not self.reservation.is_mine():
            return partial(self._in_turn, name)
        return getattr(self.protocol, name)

    async def _in_turn(self, name: str, *args: Any, **options: Any) -> Any:
        if not self.reservation.is_worth_waiting_for():
            raise asyncpg.InterfaceError(BUSY)
        await self.reservation.wait()
        # By now another task may hold it, or it was closed.
        protocol = self._connection._protocol or self.protocol
        return await getattr(protocol, name)(*args, **options)


class Hold:
    """For the length of the block, only this task may talk on a connection.

    Not if another task holds it: what this one sends will be turned away.
    """

    def __init__(self, connection: Any) -> None:
        self._proxy = connection
        self._connection: Any = None
        self._held: HeldProtocol | None = None

    async def __aenter__(self) -> None:
        while True:
            # A pool's proxy has the connection, unless it was given back.
            self._connection = getattr(self._proxy, "_con", self._proxy)
            protocol = getattr(self._connection, "_protocol", None)  # None: it is closed
            if not isinstance(protocol, HeldProtocol):
                break
            if not protocol.reservation.is_worth_waiting_for():
                return
            await protocol.reservation.wait()
        if protocol is not None:
            self._held = self._connection._protocol = HeldProtocol(self._connection)

    def let_wait(self) -> None:
        """Let other tasks wait for the end of the block: this one has lost a number."""
        if self._held is not None:
            self._held.reservation.let_wait()

    def pass_on(self) -> None:
        """Let the task that calls this talk, in place of the one that is in the block."""
        self.let_wait()
        if self._held is not None:
            self._held.reservation.pass_on()

    async def __aexit__(self, *_: object) -> None:
        held = self._held
        if held is not None:
            if self._connection._protocol is held:  # it may have been closed meanwhile
                self._connection._protocol = held.protocol
            held.reservation.end()
