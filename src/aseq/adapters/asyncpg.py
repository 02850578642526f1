"""asyncpg: `Connection`, and the proxy that a pool hands out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import TransactionState

from aseq._core.dialects import ABORT, POSTGRESQL
from aseq._core.statement import Bind, Paramstyle, Row

from .base import Executor, unsupported

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

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "numeric_dollar"
    driver_errors: ClassVar = (asyncpg.PostgresError, asyncpg.InterfaceError)

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._args: tuple[Bind, ...] = ()
        self._block: Any = None

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
        self._args, self._block = args, self._open_block()
        rows: Sequence[Row] = await self._connection.fetch(sql, *args)
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
        try:
            if self._connection.is_closed() or self._has_ended():
                return False
            # asyncpg finishes cancelling the lost statement before it sends this one.
            await self._connection.execute(ABORT)
        except asyncpg.PostgresError:
            with suppress(asyncpg.InterfaceError):  # given back to its pool meanwhile
                return bool(self._connection.is_in_transaction())
            return False
        except asyncpg.InterfaceError:
            if self._is_ending():  # by its own block, or by the pool that has it back
                return False
            self.terminate()  # another task's statement came first: a COMMIT may be next
        return True

    def _open_block(self) -> Any:
        """The outermost `transaction()` that is open on the connection, if there is one."""
        # A pool's proxy knows the connection itself, unless that was given back.
        connection = getattr(self._connection, "_con", self._connection)
        return getattr(connection, "_top_xact", None)

    def _is_ending(self) -> bool:
        """Whether the block that drew sent its COMMIT or ROLLBACK, or tried to.

        What is on the connection by then may be somebody else's transaction.
        """
        return self._block is not None and self._open_block() is not self._block

    def _has_ended(self) -> bool:
        # One that couldn't send its end, since the draw was under way, has only tried to.
        return self._is_ending() and self._block._state is not TransactionState.FAILED

    def terminate(self) -> None:
        with suppress(asyncpg.InterfaceError):  # given back to its pool already
            self._connection.terminate()
