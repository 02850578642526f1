"""MariaDB and MySQL: whether there was an answer tells whether a number was drawn."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from aseq._core.statement import Bind, Row
from aseq.django import _mysql
from aseq.django._servers import dialect_of

from .base import Vendor, rows_of


class MySQL(Vendor):
    """On mysqlclient or PyMySQL."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._answered = False

    def check(self, args: tuple[Bind, ...]) -> None:
        """A driver would send a text that can't be encoded all the same."""
        for arg in args:
            if isinstance(arg, str):
                arg.encode()

    def begin(self) -> None:
        """Notice from now on what ends the transaction."""
        _mysql.watch(self._connection)
        self._answered = False

    def run(
        self, cursor: CursorWrapper, sql: str, args: tuple[Bind, ...], timeout: float | None
    ) -> Sequence[Row]:
        """The time to wait is in the text."""
        try:
            rows = rows_of(cursor, sql, args)
        finally:
            self._answered = _mysql.was_answered(cursor)
        if cursor.description is None:
            return dialect_of(self._connection).answer(cursor.lastrowid, cursor.rowcount)
        return rows

    def has_drawn(self, exc: BaseException | None) -> bool:
        """Unless the error is the server's word."""
        return self._answered or exc is None or not _mysql.said_by_server(exc)

    def keeps_block(self, exc: BaseException) -> bool:
        """An error leaves the transaction as it was, or else `_mysql.watch` has noticed."""
        return True

    def abort(self) -> bool:
        """Break the connection off."""
        _mysql.break_off(self._connection)
        return True
