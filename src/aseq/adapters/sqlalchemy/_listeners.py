"""Whether the transaction that a number is drawn in is the caller's own, and stays so.

SQLAlchemy takes four things for granted that don't always hold, and none shows in its own
state:

* *A connection has one user at a time.* `StaticPool` (the default for SQLite in memory)
  hands one connection to everybody, and `SingletonThreadPool` (that for sync code) to
  everybody in a thread. There the COMMIT of one session commits what the other has done,
  and closing a connection sends a ROLLBACK that undoes it, even if nothing was done on it
  at all (`_ConnectionFairy._reset`).
* *A transaction ends when SQLAlchemy ends it.* SQLite rolls back by itself after some
  errors; SQL may be sent by hand. The next statement then begins another transaction, or
  is committed by itself.
* *A COMMIT that fails is followed by a ROLLBACK.* If the session is closed instead, the
  connection goes back to its pool as it is (`Connection.close` takes the transaction for
  closed), and the next user finds an open transaction that may be unusable.

* *A block ends when what was begun in it has ended.* A task that was cancelled and not
  awaited may still be drawing. asyncpg answers a ROLLBACK then with an error, SQLAlchemy takes
  it for one, and the pool gets a connection back whose transaction is open.

So a draw is refused while anybody else has the same connection. Once a number was drawn,
nobody else gets it until the transaction is over; and every statement up to the COMMIT is
refused if the database says that no transaction is open. The COMMIT of a transaction that
lost a number, or in which a draw is under way, is a ROLLBACK. Listeners on the engine do
these, since SQLAlchemy has no other place for it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InvalidRequestError, PendingRollbackError
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from aseq.adapters._instances import instances

from ._noted import DRAWING, LOST, draws, drew, is_current, noted, users
from ._own import is_connected

SHARED = (
    "another session or connection uses the same database connection, and either would commit "
    "or undo what the other has drawn: its pool (StaticPool, or SingletonThreadPool in one "
    "thread) has one connection for everybody; so it is by default for SQLite in memory. Use a "
    "file, in a temporary directory for tests, or another pool"
)

GONE = (
    "the transaction in which a number was drawn isn't open any more: the database rolled it "
    "back by itself after an error, or somebody ended it on the same connection. Roll back "
    "and try again"
)

_LOST = (
    "a draw in this transaction was cancelled, or failed, after the database may have drawn a "
    "number that nobody got, so nothing of it was committed. Roll back and try again"
)

_UNDER_WAY = (
    "a draw in this transaction is still under way in another task, so nothing of it was "
    "committed: await the task, also after cancelling it, before the block ends"
)

_AT_ONCE = ("asyncpg", "asyncmy", "aiomysql")
"""Drivers that don't let a ROLLBACK wait until a draw is over."""

_watched: weakref.WeakSet[Engine] = weakref.WeakSet()


class Shared(InvalidRequestError):
    """Raised to whoever would get a connection on which another has drawn."""


def watch(engine: Engine) -> None:
    """See to it that what is drawn on this engine stays in its transaction."""
    if engine in _watched:
        return
    _watched.add(engine)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _rollback)
    shares = isinstance(engine.pool, StaticPool | SingletonThreadPool)
    if shares:
        for connection in _opened(engine):  # before this watched: looked for only once
            users(connection).add(connection)
        for name in ("engine_connect", "begin"):  # the latter for one that reconnected
            event.listen(engine, name, _join)  # SQLAlchemy would ignore insert=True
    if shares or engine.dialect.name == "sqlite":  # else nobody ends it but its owner
        event.listen(engine, "before_cursor_execute", _check)
        event.listen(engine, "commit", _check)


def _opened(engine: Engine) -> Iterator[Connection]:
    """The connections that are open on the engine's pool."""
    for connection in instances(Connection):
        if connection.engine.pool is engine.pool and is_connected(connection):
            yield connection


def is_open(connection: Connection) -> bool:
    """Whether the database is in a transaction, as its driver knows without asking."""
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "info"):  # psycopg, psycopg2
        return bool(driver.info.transaction_status != 0)  # IDLE
    if hasattr(driver, "is_in_transaction"):
        return bool(driver.is_in_transaction())
    # What MariaDB's drivers know is that of before an error; there the server looks itself.
    return bool(getattr(driver, "in_transaction", True))


def _join(connection: Connection) -> None:
    if noted(connection, DRAWING) is not None:
        # Let go of it first, or giving it back would send a ROLLBACK.
        proxy: Any = connection.connection
        if not isinstance(connection.engine.pool, SingletonThreadPool):  # which counts itself
            proxy.dbapi_connection = None
        proxy.close()
        raise Shared(SHARED)
    users(connection).add(connection)


def _check(connection: Connection, *_: object) -> None:
    if drew(connection) and not is_open(connection):
        raise PendingRollbackError(GONE)


def _commit(connection: Connection) -> None:
    if _stop_draws(connection):
        roll_back(connection)
        if connection.engine.dialect.name != "sqlite" and not connection.invalidated:
            connection.invalidate()  # without its socket, even if nobody has noticed yet
        raise PendingRollbackError(_UNDER_WAY)
    if is_current(connection, LOST):
        roll_back(connection)
        raise PendingRollbackError(_LOST)


def _rollback(connection: Connection) -> None:
    at_once = connection.engine.dialect.driver in _AT_ONCE
    if at_once and not connection.invalidated and _stop_draws(connection):
        connection.invalidate()


def _stop_draws(connection: Connection) -> bool:
    """Whether there were any under way."""
    stops = list(draws(connection).values())
    for stop in stops:
        stop()
    return bool(stops)


def roll_back(connection: Connection) -> None:
    """In the place of a COMMIT. A connection that can't is not to go back to its pool."""
    try:
        connection.engine.dialect.do_rollback(connection.connection)
    except BaseException as exc:
        connection.invalidate()
        if not isinstance(exc, Exception):
            raise
