"""MariaDB and MySQL under Django, through mysqlclient or PyMySQL: what neither does.

* After some errors (a deadlock, for example) the server has rolled the transaction back, and
  Django goes on as if it hadn't. A caller who swallows such an error still has numbers that
  are free again, and would save them in what is another transaction by then. So once numbers
  are drawn on a connection, every statement on it is watched, the caller's own, too: after
  such an error Django refuses everything but a rollback, as after an error in its own models.
* Any other error leaves the transaction as it was.
* A statement that waits is ended from a second connection.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from math import ceil
from typing import Any

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from aseq._concurrency import call
from aseq._core.dialects.mysql_family import (
    ENDS_TRANSACTION,
    LOCK_WAIT_TIMEOUT,
    code,
    is_from_server,
)
from aseq._core.failure import chain, report
from aseq.adapters._mysql_further import hear_further

from ._private import wrap_outermost
from ._servers import dialect_of


def watch(connection: BaseDatabaseWrapper) -> None:
    """Notice from now on what ends a transaction on a connection, which is open."""
    note(connection)
    known = weakref.ref(connection)

    def tell(exc: BaseException) -> None:
        if (watched := known()) is not None:
            _end(watched, exc)

    hear_further(connection.connection, tell)
    wrap_outermost(connection, _watched)


def note(connection: BaseDatabaseWrapper) -> None:
    """In its thread: who a connection is to the server, and its socket.

    While a thread waits on it, mysqlclient refuses to tell either to any other thread. Nothing
    is noted of other databases than MariaDB and MySQL.
    """
    if connection.vendor == "mysql":
        connection.ensure_connection()
        driver = connection.connection
        connection.aseq_thread_id = driver.thread_id()
        connection.aseq_socket = weakref.ref(driver), fileno(connection)


def _watched(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    try:
        return execute(sql, params, many, context)
    except Error as exc:
        connection = context["connection"]
        if is_open(connection) and _has_ended(connection, exc):
            _end(connection, exc)
        raise


def _end(connection: BaseDatabaseWrapper, exc: BaseException) -> None:
    """The server has ended the transaction: let nothing follow but a rollback."""
    if is_open(connection):
        connection.needs_rollback = True
        connection.rollback_exc = exc


def is_open(connection: BaseDatabaseWrapper) -> bool:
    """Whether a transaction is open, as far as Django knows."""
    return bool(connection.in_atomic_block or not connection.autocommit)


def _has_ended(connection: BaseDatabaseWrapper, exc: Error) -> bool:
    found = report(exc, code)
    if found is None or found.code != LOCK_WAIT_TIMEOUT:
        return found is not None and found.code in ENDS_TRANSACTION
    # That is as the server is set up: innodb_rollback_on_timeout.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(dialect_of(connection).still_open)
        return not cursor.fetchone()[0]


def said_by_server(exc: BaseException) -> bool:
    """Whether an error is the server's word about a statement, which it hasn't run then."""
    return any(is_from_server(code(each)) for each in chain(exc))


def was_answered(cursor: CursorWrapper) -> bool:
    """Whether the server has run the only statement of a cursor: with rows, or an OK."""
    return cursor.description is not None or cursor.lastrowid is not None


def kill_query(connection: BaseDatabaseWrapper) -> None:
    """From another thread: ask the server to end what a connection waits for."""
    params = connection.get_connection_params()
    params["connect_timeout"] = ceil(call.CANCEL_TIMEOUT)
    with (
        closing(connection.Database.connect(**params)) as second,
        closing(second.cursor()) as cursor,
    ):
        cursor.execute(f"KILL QUERY {int(connection.aseq_thread_id)}")


def break_off(connection: BaseDatabaseWrapper) -> None:
    """Outside of blocks: let the transaction end with nothing but a rollback.

    The driver doesn't notice before it is asked to commit, or for anything else, and fails. To
    close it would make Django's own closing fail as well (PyMySQL says "Already closed").
    """
    if connection.needs_rollback:
        return  # the server has rolled back already
    number = fileno(connection)
    if number is not None:  # else it is closed
        call.hang_up(number)


def let_go(connection: BaseDatabaseWrapper) -> None:
    """From any thread, before it is closed: a thread that waits on it goes on at once.

    To close it wouldn't do: PyMySQL's thread wouldn't notice, and mysqlclient refuses.
    """
    if connection.vendor == "mysql":
        with suppress(connection.Database.Error):  # it is closed
            number = fileno(connection)
            if number is not None:
                call.hang_up(number)


def fileno(connection: BaseDatabaseWrapper) -> int | None:
    """The socket of a connection, if its driver tells."""
    driver = connection.connection
    socket = driver if hasattr(driver, "fileno") else getattr(driver, "_sock", None)
    try:
        return None if socket is None else int(socket.fileno())
    except connection.Database.ProgrammingError:
        # mysqlclient: another thread is using it, so it is open, and has the socket it had.
        noted, number = getattr(connection, "aseq_socket", (lambda: None, None))
        return number if noted() is driver else None
