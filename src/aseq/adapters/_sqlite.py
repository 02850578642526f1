"""SQLite connections, as seen from the thread that may use them. Nothing here waits for a task.

SQLite has no aborted state: a transaction that lost a number is made unusable by an
authorizer that denies everything but ROLLBACK, until SQLite says that no transaction
is open. (https://www.sqlite.org/c3ref/set_authorizer.html)
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aseq._core.statement import Bind, Row

from .base import TransactionEnded

BEGIN = "begin a transaction with `BEGIN IMMEDIATE` first"


def outside_transaction(connection: sqlite3.Connection) -> str | None:
    """Whether a write would be committed by itself: if so, what to do."""
    if connection.in_transaction:
        return None
    if connection.isolation_level is None or autocommit_mode(connection) is True:
        return BEGIN
    return None  # sqlite3 itself begins one before an INSERT


def autocommit_mode(connection: sqlite3.Connection) -> bool | None:
    """What `autocommit` was set to, from Python 3.12 on; None for the old way."""
    mode = getattr(connection, "autocommit", None)
    return mode if isinstance(mode, bool) else None


def leave_transactions_alone(connection: sqlite3.Connection) -> None:
    """Let nothing but SQL begin or end a transaction, however the connection was opened."""
    if sys.version_info >= (3, 12) and autocommit_mode(connection) is not None:
        connection.autocommit = True  # ends the transaction that False has begun
        connection.autocommit = sqlite3.LEGACY_TRANSACTION_CONTROL
    connection.isolation_level = None


class Hop:
    """One statement, to be run in the connection's thread.

    It can't be interrupted there, but dropped: then it isn't run at all, or, if that
    is too late, the transaction is aborted before anything else can use it.

    Args:
        sql: the statement.
        args: its parameters.
        nowait: don't wait for the write lock.
        inside: don't run it if it would be committed by itself: what came before it in
            the thread may have ended the transaction.
    """

    def __init__(
        self, sql: str, args: Sequence[Bind], *, nowait: bool, inside: bool = False
    ) -> None:
        self._sql, self._args, self._nowait = sql, args, nowait
        self._inside = inside
        self._dropped = False
        self.ran = False
        self.ended = False

    def drop(self, *_: object) -> None:
        """Nobody waits for the rows any more: if it has ended, that comes too late."""
        self._dropped = True

    def __call__(self, connection: sqlite3.Connection) -> Sequence[Row]:
        if self._dropped:
            return ()
        try:
            self._check_still_inside(connection)
            self.ran = True
            if self._nowait:
                with _without_waiting(connection):
                    rows = self._rows(connection)
            else:
                rows = self._rows(connection)
        except (sqlite3.Error, TransactionEnded):
            if self._dropped:
                return ()  # nobody is there to be told
            raise
        self.ended = True
        if self._dropped:
            abort(connection)
        return rows

    def _rows(self, connection: sqlite3.Connection) -> Sequence[Row]:
        # A cursor made like this ignores the connection's row factory. Reading to the
        # end closes the statement: an open one would keep the write lock.
        return sqlite3.Cursor(connection).execute(self._sql, self._args).fetchall()

    def _check_still_inside(self, connection: sqlite3.Connection) -> None:
        advice = outside_transaction(connection) if self._inside else None
        if advice is not None:
            raise TransactionEnded(advice)


@contextmanager
def _without_waiting(connection: sqlite3.Connection) -> Iterator[None]:
    """Don't wait for the write lock inside the block."""
    cursor = sqlite3.Cursor(connection)
    [patience] = cursor.execute("PRAGMA busy_timeout").fetchone()
    cursor.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        yield
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(patience)}").fetchall()


def noop(_: sqlite3.Connection) -> None:
    """What to wait for, to wait for what the thread has to do before."""


def abort(connection: sqlite3.Connection) -> bool:
    """Make the open transaction unusable until ROLLBACK; False if none is open.

    It takes the place of an authorizer of the caller's own.
    """
    if not connection.in_transaction:
        return False
    connection.set_authorizer(_Unusable(connection))
    return True


class _Unusable:
    """Denies everything but ROLLBACK and ROLLBACK TO, until the transaction is over.

    SQLite asks when a statement is prepared, and prepares all of them anew once an
    authorizer is set: the BEGIN of the next transaction is asked for before it is open.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._over = False

    def __call__(self, action: int, verb: str | None, *_: str | None) -> int:
        self._over = self._over or not self._connection.in_transaction
        if self._over:
            return sqlite3.SQLITE_OK
        ends = action in (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT)
        return sqlite3.SQLITE_OK if ends and verb == "ROLLBACK" else sqlite3.SQLITE_DENY
