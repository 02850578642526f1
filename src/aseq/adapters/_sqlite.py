"""SQLite connections, as seen from the thread that may use them. Nothing here waits for a task.

What SQLite lacks, and what stands in its place:

* *An aborted state.* A transaction that lost a number is made unusable by an authorizer
  that denies everything but ROLLBACK, until SQLite says that no transaction is open. Only
  the ROLLBACK of the whole ends it: after ROLLBACK TO a savepoint it still denies.
  (https://www.sqlite.org/c3ref/set_authorizer.html)
* *An identity of transactions.* Nothing that Python's sqlite3 shows tells one from the
  next. So a number is given up in the same call in the connection's thread that drew it,
  or, when its caller is cancelled, by a call that is sent at that very moment: before a
  ROLLBACK could have been answered, and the next transaction have begun.
* *Questions that don't wait.* While a statement runs in the connection's thread, SQLite 3.53
  (3.51.0 didn't) lets whoever asks for ``in_transaction`` or ``total_changes`` wait for its
  end, and Python waits with all of the process: its GIL is held. If the statement itself
  waits for something of this process (a write lock, or the GIL for an authorizer), that is
  for long or forever. So they are asked for in that thread alone, between statements.
* *Errors that stay in place.* `Cursor.execute` raises what SQLite said about the statement;
  whatever comes from elsewhere (a converter, an authorizer asked about a PRAGMA) says
  nothing about the draw. The rows are read only after `execute` has returned.

SQLite also rolls back by itself after some errors ("interrupted", "database or disk is
full", INSERT OR ROLLBACK). Whoever swallows such an error goes on outside a transaction:
see docs/how-to/sqlite.md. (https://www.sqlite.org/lang_transaction.html, section 3)
Nothing here can notice: Python has no rollback hook, and to watch each statement, an
authorizer at every draw would take the place of one of the application's, which can't be
read, and would not be asked about a statement that is prepared already.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from math import ceil
from operator import index
from typing import Any

from aseq._core.scripts import NotAnInteger
from aseq._core.statement import Bind, Row

from .base import TransactionEnded, Watcher

BEGIN = "begin a transaction with `BEGIN IMMEDIATE` first"

ROLLED_BACK = (
    "aseq: after this error SQLite has rolled the whole transaction back by itself, with "
    "all numbers drawn in it: leave its block"
)


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


BLOCKS_WRITERS = (
    "the connection is in a transaction, and if that began with BEGIN IMMEDIATE or has written "
    "anything, nobody else can write until it ends (SQLite doesn't tell): audit before it "
    "begins, or on a connection of its own"
)


def blocks_writers(connection: sqlite3.Connection) -> str | None:
    """Whether the open transaction may be SQLite's one writer: if so, what to do.

    With ``autocommit=False`` a transaction is always open, so that says nothing.
    """
    if not connection.in_transaction or autocommit_mode(connection) is False:
        return None
    return BLOCKS_WRITERS


class Job:
    """One statement, to be run in the connection's thread.

    It can't be interrupted there, but cancelled: then it isn't run at all, or, if that
    is too late, its transaction is aborted before anything else can use it.

    Args:
        sql: the statement.
        args: its parameters.
        timeout: seconds to wait for the write lock at most; None: as it is set up.
        inside: don't run it if it would be committed by itself. Asked in the thread, where
            what came before it may have ended the transaction.
        outside: whether it would be, and then what to do.
        abort: makes the transaction unusable, and tells whether one was open.
        after: the statement before it, if it is the same call's.

    Attributes:
        started: whether SQLite was given the statement, or one before it: what that wrote must
            not be committed without the rest.
        done: whether cancelling it comes too late for it to abort by itself.
        aborted: whether its transaction was aborted; None as long as nobody tried.
        unusable: what keeps the transaction from being used, if it was.
    """

    def __init__(
        self,
        sql: str,
        args: Sequence[Bind],
        *,
        timeout: float | None,
        inside: bool = False,
        outside: Callable[[sqlite3.Connection], str | None] = outside_transaction,
        abort: Callable[[sqlite3.Connection], Unusable | None] | None = None,
        after: Job | None = None,
    ) -> None:
        self._sql, self._args, self._timeout = sql, args, timeout
        self._inside, self._outside = inside, outside
        self._abort = abort or make_unusable
        self._refusal: BaseException | None = None
        self.started: bool = after is not None and after.started
        self.cancelled = self.done = False
        self.aborted: bool | None = None
        self.unusable: Unusable | None = None

    def cancel(self, *_: object) -> None:
        """Nobody waits for the rows any more. If it is done, `abort` has to follow."""
        self.cancelled = True

    def refused(self, exc: BaseException) -> bool:
        """Whether nothing was drawn: SQLite refused the statement, or never got it."""
        return not self.started or exc is self._refusal

    def __call__(self, connection: sqlite3.Connection) -> Sequence[Row]:
        if self.cancelled:
            if self.started:
                self.abort(connection)
            return ()
        was_open = connection.in_transaction
        try:
            rows = self._run(connection)
        except BaseException as exc:
            if was_open and not connection.in_transaction:
                exc.add_note(ROLLED_BACK)
            elif not self.refused(exc):
                self.abort(connection)
            if self.cancelled:
                return ()  # nobody is there to be told
            raise
        finally:
            self.done = True
        if self.cancelled:
            self.abort(connection)
        return rows

    def _run(self, connection: sqlite3.Connection) -> Sequence[Row]:
        advice = self._outside(connection) if self._inside else None
        if advice is not None:
            raise TransactionEnded(advice)
        # A cursor made like this ignores the connection's row factory.
        cursor = sqlite3.Cursor(connection)
        if self._timeout is None:
            return self._rows(cursor)
        with waiting_at_most(lambda sql: cursor.execute(sql).fetchall()[0][0], self._timeout):
            return self._rows(cursor)

    def _rows(self, cursor: sqlite3.Cursor) -> Sequence[Row]:
        self.started = True
        try:
            cursor.execute(self._sql, self._args)
        except (sqlite3.Error, OverflowError, UnicodeEncodeError) as exc:
            # An error of SQLite's own has a code; the others are about the parameters.
            self._refusal = exc
            raise
        # Reading to the end closes the statement: an open one would keep the write lock.
        rows: Sequence[Row] = cursor.fetchall()
        return integers(rows) if self._inside else rows

    def abort(self, connection: sqlite3.Connection) -> None:
        """Make the transaction unusable, in the connection's thread."""
        self.unusable = self._abort(connection) or self.unusable
        self.aborted = self.unusable is not None

    def watch(self, watcher: Watcher) -> None:
        """As `ConnectionInfo.watch`."""
        if self.unusable is not None:
            self.unusable.watcher = watcher


def integers(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows as integers and NULLs, whatever a converter of the caller's made of them.

    Lists in JSON stay as they are: they are no numbers, and no column is one.

    Raises:
        NotAnInteger: it made something else of one.
    """
    return [tuple(map(_integer, row)) for row in rows]


def _integer(value: Any) -> int | str | None:
    if value is None or (isinstance(value, str) and value.startswith("[")):
        return value
    try:
        return int(value) if isinstance(value, (str, Decimal)) else index(value)
    except (TypeError, ValueError):
        raise NotAnInteger(value) from None


@contextmanager
def waiting_at_most(scalar: Callable[[str], Any], timeout: float) -> Iterator[None]:
    """Wait for the write lock no longer than this inside the block.

    Args:
        scalar: runs a statement on the connection; the first column of its one row.
        timeout: seconds. A busy timeout of the caller's own that is shorter stays.
    """
    saved_timeout = int(scalar("PRAGMA busy_timeout"))
    shorter = min(saved_timeout, ceil(timeout * 1000))
    try:
        scalar(f"PRAGMA busy_timeout = {shorter}")  # counts even if it is interrupted
        yield
    finally:
        scalar(f"PRAGMA busy_timeout = {saved_timeout}")


def noop(_: sqlite3.Connection) -> None:
    """What to wait for, to wait for what the thread has to do before."""


def make_unusable(connection: sqlite3.Connection) -> Unusable | None:
    """Make the open transaction unusable until ROLLBACK; None if none is open.

    It takes the place of an authorizer of the caller's own.
    """
    if not connection.in_transaction:
        return None
    unusable = Unusable(connection)
    connection.set_authorizer(unusable)
    return unusable


class Unusable:
    """Denies everything but ROLLBACK and ROLLBACK TO, until the transaction is over.

    SQLite asks when a statement is prepared, and prepares all of them again once an
    authorizer is set: the BEGIN of the next transaction is asked for before it is open.

    Attributes:
        watcher: told of what is denied.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._over = False
        self.watcher: Watcher | None = None

    def __call__(self, action: int, verb: str | None, *_: str | None) -> int:
        self._over = self._over or not self._connection.in_transaction
        if self._over:
            return sqlite3.SQLITE_OK
        ends = action in (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT)
        if ends and verb == "ROLLBACK":
            return sqlite3.SQLITE_OK
        if self.watcher is not None:
            commits = action == sqlite3.SQLITE_TRANSACTION
            (self.watcher.committed if commits else self.watcher.used)()
        return sqlite3.SQLITE_DENY
