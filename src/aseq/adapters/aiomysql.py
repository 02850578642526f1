"""aiomysql: `Connection`, also as its pool hands it out."""

from __future__ import annotations

from typing import Any, ClassVar

import aiomysql
from pymysql.constants import SERVER_STATUS
from pymysql.err import InterfaceError, MySQLError

from ._mysql import MySQLExecutor
from .base import Executor, unsupported

_HINTS = {
    "Pool": "take a connection from the pool: `async with pool.acquire() as conn:`",
    "Cursor": "pass the connection that the cursor came from",
}


def executor_for(connection: object, /) -> Executor:
    """The executor for an aiomysql connection."""
    if isinstance(connection, aiomysql.Connection):
        return AiomysqlExecutor(connection)
    raise unsupported(connection, _HINTS, "pass an aiomysql.Connection")


class QuietCursor(aiomysql.Cursor):  # type: ignore[misc]
    """A cursor that asks for no warnings: a round trip for what would be no news."""

    async def _show_warnings(self, conn: Any) -> None:
        """Take the place of the cursor's own, which would ask."""


class AiomysqlExecutor(MySQLExecutor):
    """One aiomysql connection."""

    kind = "aiomysql"
    driver_errors: ClassVar = (MySQLError,)
    interface_error = InterfaceError

    @staticmethod
    def in_use(connection: Any) -> bool:
        reader = connection._reader
        return reader is not None and (reader._waiter is not None or bool(reader._buffer))

    async def make_cursor(self) -> Any:
        return await self._connection.cursor(QuietCursor)

    def is_open(self) -> bool:
        return not self._connection.closed

    def note_rows(self) -> None:
        # It drops the flags of such an answer, and without this one its pool would hand the
        # connection on in the middle of a transaction.
        if not self._connection.get_autocommit():
            self._connection.server_status |= SERVER_STATUS.SERVER_STATUS_IN_TRANS
