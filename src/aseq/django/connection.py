"""Django's connection of this thread, as aseq sees it. Runs a whole plan on it.

Whether a number was drawn is asked of the connection, never of the error: an
``execute_wrapper`` may raise anything after the statement, also an error of the driver's
that comes from another connection. PostgreSQL aborts a transaction itself when a statement
fails; on SQLite, the count of changed rows tells; on MariaDB, whether there was an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from typing import ClassVar

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from aseq._core.dialects.postgresql import ABORT
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters import _sqlite
from aseq.adapters.base import SyncExecutor, TransactionEnded
from aseq.errors import SequenceLocked

from . import _mysql, conf
from ._private import is_testcases
from ._servers import dialect_of
from .errors import ERRORS

SAVEPOINT = (
    "on SQLite, an atomic block after `set_autocommit(False)` is a savepoint that commits "
    "by itself; turn autocommit on, or draw outside the block"
)

ANOTHERS = (
    "the `aatomic` block that is open on this thread's connection isn't around this code: it "
    "is another task's, and its rollback would take the number with it. Await one after the "
    "other, or use `aatomic` here as well"
)

ENDED = (
    "SQLite has ended the transaction by itself (after an error in a statement with OR "
    "ROLLBACK, an interrupt, or a full disk), and what was drawn in it is gone: leave the "
    "atomic block, and begin again"
)

# libpq's states of a connection, as psycopg's and psycopg2's: nothing can be committed.
_INERROR, _UNKNOWN = 3, 4


class DjangoConnection(SyncExecutor):
    """The connection of one database alias in the current thread."""

    kind = "django"
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (Error,)
    errors = ERRORS

    def __init__(self, using: str) -> None:
        self._connection: BaseDatabaseWrapper = connections[using]
        self.dialect = dialect_of(self._connection)
        # A broken transaction raises Django's own error here, outside `explained`, so that it
        # isn't taken for one of ours. Outside a block the flag is left over from earlier.
        if self._connection.in_atomic_block:
            self._connection.validate_no_broken_transaction()
        self._changes, self._sent, self._answered = 0, False, False

    @property
    def _is_mysql(self) -> bool:
        return self._connection.vendor == "mysql"

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        """The sequence as the project's settings have it."""
        return conf.adapt(spec)

    def outside_transaction(self) -> str | None:
        """Whether no transaction of the caller's own is open; if so, what to do."""
        connection = self._connection
        if releases_commit(connection):
            return SAVEPOINT
        if _is_other_tasks(connection):
            return ANOTHERS
        if _in_block(connection):
            return None
        if not (connection.in_atomic_block or connection.get_autocommit()):
            return None
        advice = f"use it inside `with transaction.atomic(using={connection.alias!r}):`"
        for other in connections.all(initialized_only=True):
            if _in_block(other):
                return (
                    f"it is in database {connection.alias!r}, but the open atomic block is "
                    f"on {other.alias!r}; {advice}"
                )
        return advice

    def blocks_writers(self) -> str | None:
        """What to do instead, if a long read here could keep others from writing to SQLite.

        Not inside a TestCase: there nobody else is meant to write.
        """
        connection = self._connection
        driver, blocks = connection.connection, connection.atomic_blocks
        if self.dialect.name != "sqlite" or driver is None:
            return None
        if connection.in_atomic_block and blocks and is_testcases(blocks[0]):
            return None
        return _sqlite.blocks_writers(driver)

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        """Run one statement and return all its rows."""
        if self.dialect.name != "sqlite":
            timeout = None
        if self._is_mysql:
            for text in args:
                if isinstance(text, str):
                    text.encode()  # a driver would send what it can't encode all the same
        try:
            with self._connection.cursor() as cursor:
                if has_ended(self._connection):
                    raise TransactionEnded(ENDED)
                if self._is_mysql:
                    _mysql.watch(self._connection)
                self._changes, self._sent, self._answered = self._count_changes(), True, False
                try:
                    if timeout is None:
                        return self._rows(cursor, sql, args)
                    return _rows_within(timeout, cursor, sql, args)
                finally:
                    self._answered = self._is_mysql and _mysql.was_answered(cursor)
        except BaseException as exc:
            self._after(exc, bounded=timeout is not None)
            raise

    def _rows(self, cursor: CursorWrapper, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
        rows = _rows(cursor, sql, args)
        if cursor.description is None and self._is_mysql:
            return self.dialect.answer(cursor.lastrowid, cursor.rowcount)
        return rows

    def _after(self, exc: BaseException, *, bounded: bool) -> None:
        """Whatever `fetch` raises, an atomic block can only be rolled back, as in Django."""
        busy = bounded and self.dialect.explain(exc, "") is SequenceLocked
        if (busy or self._is_mysql) and self.refused(exc):
            return  # the server changed nothing: the block stays usable
        if self._connection.in_atomic_block:
            self._mark(exc)

    def refused(self, exc: BaseException, /) -> bool:
        """Whether the connection says that nothing was drawn, or nothing can be committed."""
        return not self._may_have_drawn(exc)

    def _may_have_drawn(self, exc: BaseException | None = None) -> bool:
        driver = self._connection.connection
        if not self._sent or driver is None or self._connection.closed_in_transaction:
            return False  # closed: the server rolls back
        if self.dialect.name == "sqlite":
            return self._count_changes() != self._changes
        if self._is_mysql:
            return self._answered or exc is None or not _mysql.said_by_server(exc)
        with suppress(Exception):
            return driver.info.transaction_status not in (_INERROR, _UNKNOWN)
        return True

    def _count_changes(self) -> int:
        return getattr(self._connection.connection, "total_changes", 0)

    def abort(self) -> bool:
        """A number was drawn, and lost: let the caller only roll back."""
        connection = self._connection
        if connection.in_atomic_block:
            self._mark(None)
        elif connection.autocommit:
            return False
        elif self.dialect.name == "sqlite":
            return _sqlite.make_unusable(connection.connection) is not None
        elif self._is_mysql:
            _mysql.break_off(connection)
        else:
            with suppress(Exception):  # past the wrappers around Django's cursors
                connection.connection.cursor().execute(ABORT)
            if self._may_have_drawn():
                connection.close()
        return True

    def terminate(self) -> None:
        """Give the connection up; an atomic block that is open can only be rolled back."""
        with suppress(Exception):
            self._connection.close()

    def _mark(self, exc: BaseException | None) -> None:
        """As `transaction.mark_for_rollback_on_error`, and for an interrupt too."""
        self._connection.needs_rollback = True
        self._connection.rollback_exc = exc


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


def _in_block(connection: BaseDatabaseWrapper) -> bool:
    """Whether an atomic block of the caller's own is open; the one around a TestCase isn't.

    As `atomic(durable=True)` tells them apart.
    """
    return connection.in_atomic_block and not all(map(is_testcases, connection.atomic_blocks))


def _is_other_tasks(connection: BaseDatabaseWrapper) -> bool:
    """Whether the `aatomic` block that is open on a connection isn't around this code.

    Sync code that another task runs in the same thread would draw in it unawares. The
    innermost one answers: what hangs on Django's own `Atomic` under it.
    """
    marks = [getattr(atomic, "aseq_block", None) for atomic in connection.atomic_blocks]
    ours = [mark for mark in marks if mark is not None]
    return bool(ours) and not ours[-1].is_current()


def releases_commit(connection: BaseDatabaseWrapper) -> bool:
    """Whether the block may be a mere savepoint that SQLite commits at its end.

    So it is after `set_autocommit(False)`, if nothing was written before the block.
    """
    return (
        connection.vendor == "sqlite"
        and connection.in_atomic_block
        and not connection.commit_on_exit
    )


def _rows(cursor: CursorWrapper, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    cursor.execute(sql, args)
    rows: Sequence[Row] = cursor.fetchall() if cursor.description else ()
    return rows


def _rows_within(
    timeout: float, cursor: CursorWrapper, sql: str, args: tuple[Bind, ...]
) -> Sequence[Row]:
    """Wait for SQLite's write lock for so many seconds at most."""
    [[setting]] = _rows(cursor, "PRAGMA busy_timeout", ())
    saved_timeout = int(str(setting))
    _rows(cursor, f"PRAGMA busy_timeout = {min(saved_timeout, ceil(timeout * 1000))}", ())
    try:
        return _rows(cursor, sql, args)
    finally:
        _rows(cursor, f"PRAGMA busy_timeout = {saved_timeout}", ())
