"""PostgreSQL: it aborts a transaction itself when a statement fails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from aseq._core.dialects.postgresql import ABORT
from aseq._core.statement import Bind, Row

from .base import Vendor, is_closed, rows_of

# libpq's states of a connection, as psycopg's and psycopg2's: nothing can be committed.
_INERROR, _UNKNOWN = 3, 4


class PostgreSQL(Vendor):
    """On psycopg or psycopg2."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    def run(
        self, cursor: CursorWrapper, sql: str, args: tuple[Bind, ...], timeout: float | None
    ) -> Sequence[Row]:
        """The time to wait is in the text."""
        return rows_of(cursor, sql, args)

    def has_drawn(self, exc: BaseException | None) -> bool:
        """As long as libpq doesn't say that the transaction has failed."""
        with suppress(Exception):
            status = self._connection.connection.info.transaction_status
            return status not in (_INERROR, _UNKNOWN)
        return True

    def keeps_block(self, exc: BaseException) -> bool:
        """Never: no statement can follow."""
        return False

    def abort(self) -> bool:
        """By a statement that fails, past the wrappers around Django's cursors."""
        connection = self._connection
        with suppress(Exception):
            connection.connection.cursor().execute(ABORT)
        if not is_closed(connection) and self.has_drawn(None):
            connection.close()
        return True
