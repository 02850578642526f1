"""SQLite under SQLAlchemy: which set-ups are safe, and the one call that makes one so.

Python's sqlite3 begins transactions by itself, and only before an INSERT, UPDATE or
DELETE. SQLAlchemy then thinks that it is in a transaction when SQLite isn't: a
SAVEPOINT that comes first *is* the transaction, and its RELEASE commits.
(https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable)
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from aseq.adapters._sqlite import BLOCKS_WRITERS, autocommit_mode, leave_transactions_alone
from aseq.adapters._thread import in_thread_of

from ._executor import is_adapted
from ._listeners import watch
from ._session import ENDED

if TYPE_CHECKING:
    import sqlite3

_RECIPE = (
    "set the engine up with aseq.sqlalchemy.begin_immediate(engine), so that "
    "SQLAlchemy's transactions are SQLite's too"
)
_AUTOCOMMIT = "the driver is in autocommit mode: " + _RECIPE
_SAVEPOINT = (
    "Python's sqlite3 doesn't begin a transaction before a savepoint, whose end may then "
    "commit: " + _RECIPE
)

IMMEDIATE = (
    "with begin_immediate, each transaction of the engine keeps all others from writing, also "
    "one that only reads: make another engine for the same file, without begin_immediate"
)

# In the `info` of a pooled connection: begin_immediate() set it up.
_IMMEDIATE = "aseq.begin_immediate"


E = TypeVar("E", Engine, AsyncEngine)


def begin_immediate(engine: E) -> E:
    """Make every transaction of an SQLite engine begin with ``BEGIN IMMEDIATE``.

    Then a transaction waits for its turn to write when it begins (as long as the
    driver's ``timeout``, 5 seconds unless told otherwise), instead of failing with
    "database is locked" when it reads first and writes later; and savepoints are real.
    Transactions that only read wait too.

    Call it once, before the engine is used:

        engine = begin_immediate(create_async_engine("sqlite+aiosqlite:///invoices.db"))

    Args:
        engine: from `create_async_engine`, or from `create_engine` for `aseq.sync`; not used
            yet.

    Returns:
        the same engine.

    Raises:
        ValueError: the engine isn't one for SQLite.
    """
    if engine.dialect.name != "sqlite":
        raise ValueError(f"begin_immediate() is for SQLite, not for {engine.dialect.name}")
    sync_engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    # It takes the driver's autocommit mode, in which the recipe sends its own BEGIN, for
    # SQLAlchemy's, and would leave that transaction open.
    sync_engine.dialect.skip_autocommit_rollback = False
    event.listen(sync_engine, "connect", _leave_transactions_to_sqlalchemy)
    event.listen(sync_engine, "begin", _begin_immediate)
    watch(sync_engine)
    return engine


def _leave_transactions_to_sqlalchemy(dbapi_connection: Any, record: Any) -> None:
    if is_adapted(dbapi_connection):
        dbapi_connection.run_async(
            lambda driver: in_thread_of(driver, leave_transactions_alone)
        )
    else:
        leave_transactions_alone(dbapi_connection)
    record.info[_IMMEDIATE] = True


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def begins_immediate(engine: Engine) -> bool:
    """Whether each transaction of an engine takes the write lock: with our recipe it does."""
    return event.contains(engine, "begin", _begin_immediate)


async def blocks_writers(driver: Any) -> str | None:
    """Whether the open transaction may be SQLite's one writer: if so, what to do.

    Where sqlite3's own beginning is turned off, a listener of the caller's may have begun it
    with BEGIN; else Python begins it before the first write.

    Args:
        driver: an `aiosqlite.Connection`.
    """
    return await in_thread_of(driver, blocks_writers_sync)


def blocks_writers_sync(driver: sqlite3.Connection) -> str | None:
    """As `blocks_writers`, on the connection itself."""
    if not driver.in_transaction or driver.isolation_level is None:
        return None
    return None if autocommit_mode(driver) is False else BLOCKS_WRITERS


async def unsafe(connection: Connection, driver: Any) -> str | None:
    """Whether a write would be committed by itself, or by a savepoint: then what to do.

    Args:
        connection: in a transaction, as far as SQLAlchemy knows.
        driver: the `aiosqlite.Connection` under it.
    """
    return await in_thread_of(driver, partial(unsafe_sync, connection))


def unsafe_sync(connection: Connection, driver: sqlite3.Connection) -> str | None:
    """As `unsafe`, with the driver's connection itself."""
    mode = autocommit_mode(driver)
    if driver.in_transaction:
        nested = connection.in_nested_transaction() and mode is not False
        return _SAVEPOINT if nested and not _begins(connection, driver) else None
    if driver.isolation_level is None or mode is True:
        return ENDED if _IMMEDIATE in connection.info else _AUTOCOMMIT
    return None


def _begins(connection: Connection, driver: sqlite3.Connection) -> bool:
    """Whether a transaction was begun before the savepoint.

    SQLite doesn't tell, so we go by how the engine is set up: with our recipe, or with
    sqlite3's own beginning turned off and a listener that looks like one of the caller's.
    """
    if _IMMEDIATE in connection.info:
        return True
    listens = bool(connection.engine.dispatch.begin) or bool(connection.dispatch.begin)
    return listens and driver.isolation_level is None
