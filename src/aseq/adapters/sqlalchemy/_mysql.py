"""MariaDB and MySQL under SQLAlchemy: what is heard on the engine, for the driver doesn't know.

* After some errors (a deadlock, for example) the server has rolled the transaction back, and
  SQLAlchemy goes on as if it hadn't. If a number was drawn before, the caller may save it after
  all, though it is free again. So from then on everything but a rollback is refused.
  The error may be of a statement that was sent along with another, in one string: SQLAlchemy
  hears nothing of those, so the driver is listened to.
* Whether it was our statement that the server refused, or one of a listener's, its error
  doesn't say. So it is noted when a draw was answered.

Both are noted where the dialect runs a statement: an application's listener for its errors, or
for what comes after it, may raise, and those behind it aren't called. (SQLAlchemy takes no
notice of ``insert=True`` on an engine.)
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext
from sqlalchemy.exc import PendingRollbackError

from aseq._core.dialects import Dialect
from aseq._core.dialects.mysql_family import ENDS_TRANSACTION, LOCK_WAIT_TIMEOUT, code
from aseq.adapters._mysql_further import hear_further

from ._listeners import GONE, roll_back
from ._noted import drew, ended_by, note_ended

DRAW = "aseq_draw"
"""An execution option: the `Draw` that a statement is of."""

# In the `info` of a pooled connection: the question whether a lock timeout has left the
# transaction open.
_STILL_OPEN = "aseq.still_open"

_watched: weakref.WeakSet[Engine] = weakref.WeakSet()


class Draw(Protocol):
    """One that wants to know whether the server has run its statement."""

    answered: bool


def watch(connection: Connection, driver: Any, dialect: Dialect) -> None:
    """Hear what is said on an engine, and on one connection of the driver's.

    Args:
        connection: of the engine.
        driver: the driver's connection under it.
        dialect: of the server.
    """
    info = connection.info
    info[_STILL_OPEN] = dialect.still_open
    hear_further(driver, lambda exc: note_ended(info, exc))
    _watch(connection.engine)


def _watch(engine: Engine) -> None:
    if engine in _watched:
        return
    _watched.add(engine)
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_executemany", _execute_many)
    event.listen(engine, "do_execute_no_params", _execute_plain)
    event.listen(engine, "handle_error", _note_end)
    event.listen(engine, "before_cursor_execute", _check)
    event.listen(engine, "commit", _commit)


def _execute(cursor: DBAPICursor, sql: str, args: Any, context: ExecutionContext) -> bool:
    with _noted(context):
        context.dialect.do_execute(cursor, sql, args, context)
    return True


def _execute_many(cursor: DBAPICursor, sql: str, args: Any, context: ExecutionContext) -> bool:
    with _noted(context):
        context.dialect.do_executemany(cursor, sql, args, context)
    return True


def _execute_plain(cursor: DBAPICursor, sql: str, context: ExecutionContext) -> bool:
    with _noted(context):
        context.dialect.do_execute_no_params(cursor, sql, context)
    return True


@contextmanager
def _noted(context: ExecutionContext) -> Iterator[None]:
    """Note what the server says to the statement that is run in the block."""
    connection = context.root_connection
    try:
        yield
    except Exception as exc:
        if drew(connection) and _has_ended(connection, exc):
            note_ended(connection.info, exc)
        raise
    draw: Draw | None = context.execution_options.get(DRAW)
    if draw is not None:
        draw.answered = True


def _note_end(context: ExceptionContext) -> None:
    connection = context.connection
    if connection is None or connection.closed or connection.invalidated:
        return
    exc = context.original_exception  # also one that comes as rows are fetched
    if code(exc) in ENDS_TRANSACTION and drew(connection):
        note_ended(connection.info, exc)


def _has_ended(connection: Connection, exc: BaseException) -> bool:
    if code(exc) != LOCK_WAIT_TIMEOUT:
        return code(exc) in ENDS_TRANSACTION
    # Past SQLAlchemy, which is about to raise the error.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(connection.info[_STILL_OPEN])
        [still_open] = cursor.fetchone() or [False]
    return not still_open


def _check(connection: Connection, *_: object) -> None:
    if (error := ended_by(connection)) is not None:
        raise PendingRollbackError(GONE) from error


def _commit(connection: Connection) -> None:
    if (error := ended_by(connection)) is not None:
        roll_back(connection)
        raise PendingRollbackError(GONE) from error
