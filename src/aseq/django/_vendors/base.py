"""What a draw asks of a vendor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from aseq._core.statement import Bind, Row


class Vendor(Protocol):
    """One draw on a connection of Django, as its vendor's database takes it."""

    def check(self, args: tuple[Bind, ...]) -> None:
        """Raise, before anything is sent, if the driver would send what it can't send."""

    def begin(self) -> None:
        """Before each statement, in the transaction.

        Raises:
            TransactionEnded: it isn't open any more.
        """

    def run(
        self, cursor: CursorWrapper, sql: str, args: tuple[Bind, ...], timeout: float | None
    ) -> Sequence[Row]:
        """Run a statement, and return all its rows.

        Args:
            cursor: of Django's.
            sql: the statement.
            args: its parameters.
            timeout: seconds to wait for the database's one lock, if it has one.
        """
        ...

    def has_drawn(self, exc: BaseException | None) -> bool:
        """Whether the statement may have drawn what can still be committed.

        Args:
            exc: what was raised then; None if nothing was, or it isn't known.
        """
        ...

    def keeps_block(self, exc: BaseException) -> bool:
        """Whether an atomic block may go on after an error by which nothing was drawn."""
        ...

    def abort(self) -> bool:
        """Outside atomic blocks: let the caller only roll back; whether that is so now."""
        ...

    def blocks_writers(self) -> str | None:
        """What to do instead, if a long read here could keep others from writing."""
        return None


def rows_of(cursor: CursorWrapper, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    """Run a statement; all its rows."""
    cursor.execute(sql, args)
    rows: Sequence[Row] = cursor.fetchall() if cursor.description else ()
    return rows


def is_closed(connection: BaseDatabaseWrapper) -> bool:
    """Whether the server has rolled back, for there is no connection any more."""
    return connection.connection is None or bool(connection.closed_in_transaction)
