"""asyncpg: `Connection`, and the proxy that a pool hands out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, ClassVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from aseq._core.dialects import ABORT, POSTGRESQL
from aseq._core.statement import Bind, Paramstyle, Row

from ._asyncpg import Hold
from ._asyncpg_watch import LossWatch
from .base import Executor, Watcher, unsupported

_ARGUMENT = "invalid input for query argument"

_HINTS = {
    "Pool": "take a connection from the pool: `async with pool.acquire() as conn:`",
    "Transaction": "pass the connection that the transaction was started on",
    "PreparedStatement": "pass the connection that the statement was prepared on",
}


def executor_for(connection: object, /) -> Executor:
    """The executor for an asyncpg connection."""
    if isinstance(connection, (asyncpg.Connection, PoolConnectionProxy)):
        return AsyncpgExecutor(connection)
    raise unsupported(connection, _HINTS, "pass an asyncpg.Connection")


class AsyncpgExecutor(Executor):
    """One asyncpg connection."""

    kind = "asyncpg"
    dialect = POSTGRESQL
    paramstyle: Paramstyle = "numeric_dollar"
    driver_errors: ClassVar = (asyncpg.PostgresError, asyncpg.InterfaceError)

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._args: tuple[Bind, ...] = ()
        self._hold = Hold(connection)

    def hold(self) -> AbstractAsyncContextManager[object]:
        return self._hold

    def outside_transaction(self) -> str | None:
        # A closed connection is in none; asyncpg's own error says that best.
        if self._connection.is_in_transaction() or self._connection.is_closed():
            return None
        return "open one with `async with conn.transaction():`"

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        # No await between the driver's own look at the connection and the sending, and no
        # waiting for a turn on it: `inside` was looked at just now.
        self._args = args
        try:
            rows: Sequence[Row] = await self._connection.fetch(sql, *args)
        except BaseException:
            self._hold.let_wait()
            raise
        return rows

    def refused(self, exc: BaseException, /) -> bool:
        if isinstance(exc, asyncpg.PostgresError):
            # Only an error that came over the wire has a severity. Of those that are raised
            # on this side, one is about an argument, before anything is sent.
            return getattr(exc, "severity", None) is not None or (
                isinstance(exc, asyncpg.DataError) and str(exc).startswith(_ARGUMENT)
            )
        if isinstance(exc, UnicodeEncodeError):  # a name, in the client's encoding
            return exc.object in self._args
        # Another task's statement came first, or the connection was given back. But a row
        # that asyncpg can't read is a ProtocolError, too.
        return isinstance(exc, asyncpg.InterfaceError) and not isinstance(
            exc, asyncpg.exceptions.ProtocolError
        )

    async def abort(self) -> bool:
        self._hold.pass_on()
        if self._connection.is_closed():  # its transaction is over
            return False
        try:
            # asyncpg finishes cancelling the lost statement before it sends this one.
            await self._connection.execute(ABORT)
        except asyncpg.PostgresError:
            return bool(self._connection.is_in_transaction())
        except asyncpg.InterfaceError:  # it couldn't be sent
            self.terminate()
        return True

    def watch(self, watcher: Watcher, /) -> None:
        with suppress(asyncpg.InterfaceError):  # closed, or given back to its pool
            if self._connection.is_in_transaction():
                LossWatch(getattr(self._connection, "_con", self._connection), watcher)

    def terminate(self) -> None:
        with suppress(asyncpg.InterfaceError):  # given back to its pool already
            self._connection.terminate()
