"""asyncpg: `Connection`, and the proxy that a pool hands out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from aseq._core.dialects import POSTGRESQL, SPOIL
from aseq._core.statement import Bind, Paramstyle, Row

from .base import Executor, unsupported

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

    def autocommits(self) -> str | None:
        # A closed connection is in none; asyncpg's own error says that best.
        if self._connection.is_in_transaction() or self._connection.is_closed():
            return None
        return "open one with `async with conn.transaction():`"

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        rows: Sequence[Row] = await self._connection.fetch(sql, *args)
        return rows

    async def spoil(self) -> bool:
        # asyncpg finishes cancelling the lost statement before it sends this one.
        try:
            await self._connection.execute(SPOIL)
        except asyncpg.PostgresError:
            return bool(self._connection.is_in_transaction())
        except asyncpg.InterfaceError:  # not sent: another task's statement came first
            self.abandon()
        return True

    def abandon(self) -> None:
        with suppress(asyncpg.InterfaceError):  # given back to its pool already
            self._connection.terminate()
