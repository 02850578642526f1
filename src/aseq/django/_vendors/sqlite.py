"""SQLite: the count of changed rows tells whether a number was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Row
from aseq.adapters import _sqlite
from aseq.adapters.base import TransactionEnded
from aseq.django._private import is_testcases
from aseq.errors import SequenceLocked

from .base import Vendor, rows_of

SAVEPOINT = (
    "on SQLite, an atomic block after `set_autocommit(False)` is a savepoint that commits "
    "by itself; turn autocommit on, or draw outside the block"
)

ENDED = (
    "SQLite has ended the transaction by itself (after an error in a statement with OR "
    "ROLLBACK, an interrupt, or a full disk), and what was drawn in it is gone: leave the "
    "atomic block, and begin again"
)


class SQLite(Vendor):
    """On the standard library's sqlite3."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._changes = 0
        self._bounded = False

    def begin(self) -> None:
        """Refuse to write outside a transaction."""
        if has_ended(self._connection):
            raise TransactionEnded(ENDED)
        self._changes = self._count_changes()

    def _count_changes(self) -> int:
        return getattr(self._connection.connection, "total_changes", 0)

    def run(
        self, cursor: CursorWrapper, sql: str, args: tuple[Bind, ...], timeout: float | None
    ) -> Sequence[Row]:
        """Wait for the write lock for so many seconds at most."""
        self._bounded = timeout is not None
        if timeout is None:
            return rows_of(cursor, sql, args)
        [[setting]] = rows_of(cursor, "PRAGMA busy_timeout", ())
        saved_timeout = int(str(setting))
        shorter = min(saved_timeout, ceil(timeout * 1000))
        rows_of(cursor, f"PRAGMA busy_timeout = {shorter}", ())
        try:
            return rows_of(cursor, sql, args)
        finally:
            rows_of(cursor, f"PRAGMA busy_timeout = {saved_timeout}", ())

    def has_drawn(self, exc: BaseException | None) -> bool:
        """Whether a row was changed."""
        return self._count_changes() != self._changes

    def keeps_block(self, exc: BaseException) -> bool:
        """Where the caller didn't want to wait any longer."""
        return self._bounded and SQLITE.explain(exc, "") is SequenceLocked

    def abort(self) -> bool:
        """Deny everything but ROLLBACK."""
        return _sqlite.make_unusable(self._connection.connection) is not None

    def blocks_writers(self) -> str | None:
        """Not inside a TestCase: there nobody else is meant to write."""
        connection = self._connection
        driver, blocks = connection.connection, connection.atomic_blocks
        if driver is None:
            return None
        if connection.in_atomic_block and blocks and is_testcases(blocks[0]):
            return None
        return _sqlite.blocks_writers(driver)


def has_ended(connection: BaseDatabaseWrapper) -> bool:
    """Whether SQLite has ended the transaction of the open block by itself.

    Django doesn't notice, and each statement after that would be committed by itself.
    """
    return (
        connection.vendor == "sqlite"
        and connection.in_atomic_block
        and connection.commit_on_exit  # else a savepoint: begun by a statement, if at all
        and connection.connection is not None
        and not connection.connection.in_transaction
    )


def releases_commit(connection: BaseDatabaseWrapper) -> bool:
    """Whether the block may be a mere savepoint that SQLite commits at its end.

    So it is after `set_autocommit(False)`, if nothing was written before the block.
    """
    return (
        connection.vendor == "sqlite"
        and connection.in_atomic_block
        and not connection.commit_on_exit
    )
