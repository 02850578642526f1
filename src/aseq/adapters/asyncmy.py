"""asyncmy: `Connection`, also as its pool hands it out."""

from __future__ import annotations

from typing import Any, ClassVar

import asyncmy.connection
import asyncmy.cursors
import asyncmy.errors

from ._mysql import MySQLExecutor
from .base import Executor, unsupported

_HINTS = {
    "Pool": "take a connection from the pool: `async with pool.acquire() as conn:`",
    "Cursor": "pass the connection that the cursor came from",
}


def executor_for(connection: object, /) -> Executor:
    """The executor for an asyncmy connection."""
    if isinstance(connection, asyncmy.connection.Connection):
        return AsyncmyExecutor(connection)
    raise unsupported(connection, _HINTS, "pass an asyncmy Connection")


class QuietCursor(asyncmy.cursors.Cursor):
    """A cursor that asks for no warnings: a round trip for what would be no news."""

    async def _show_warnings(self, conn: Any) -> None:
        """Take the place of the cursor's own, which would ask."""


class AsyncmyExecutor(MySQLExecutor):
    """One asyncmy connection."""

    kind = "asyncmy"
    driver_errors: ClassVar = (asyncmy.errors.MySQLError,)
    interface_error = asyncmy.errors.InterfaceError

    @staticmethod
    def in_use(connection: Any) -> bool:
        protocol = connection._proto
        return protocol is not None and (
            protocol._read_waiter is not None or protocol.length > protocol.pos
        )

    async def make_cursor(self) -> Any:
        return self._connection.cursor(QuietCursor)

    def is_open(self) -> bool:
        return bool(self._connection.connected)
