"""Which objects of SQLAlchemy are connections to draw on, and hints for those that aren't."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from aseq._core.statement import Paramstyle
from aseq.adapters.base import unsupported

from ._executor import SQLAlchemyExecutor, SQLAlchemySyncExecutor
from ._on_mysql import MySQLExecutor, MySQLSyncExecutor
from ._on_postgresql import PostgresExecutor, PostgresSyncExecutor
from ._on_sqlite import SqliteExecutor
from ._on_sqlite_sync import SqliteSyncExecutor
from ._session import (
    ConnectionSource,
    SessionSource,
    Source,
    SyncConnectionSource,
    SyncSessionSource,
    SyncSource,
)

_SESSION = "open a session: `async with async_session() as session:`"

_HINTS = {
    "AsyncEngine": "open a connection: `async with engine.begin() as conn:`",
    "Engine": "use a connection of an AsyncEngine; or aseq.sync, in sync code",
    "async_sessionmaker": _SESSION,
    "sessionmaker": "use a session of an async_sessionmaker; or aseq.sync, in sync code",
    "Session": "use an AsyncSession; or aseq.sync, in sync code",
    "scoped_session": "use an async_scoped_session; or aseq.sync, in sync code",
    "Connection": "use an AsyncConnection; or aseq.sync, in sync code",
    "AsyncSessionTransaction": "pass the session that began the transaction",
    "AsyncTransaction": "pass the connection that began the transaction",
}

# What each driver takes in a text that SQLAlchemy passes on as it is.
_DRIVERS: dict[tuple[str, str], tuple[type[SQLAlchemyExecutor], Paramstyle]] = {
    ("postgresql", "asyncpg"): (PostgresExecutor, "numeric_dollar"),
    ("postgresql", "psycopg"): (PostgresExecutor, "format"),
    ("sqlite", "aiosqlite"): (SqliteExecutor, "qmark"),
    # What the URL says; the server says itself which of the two it is.
    **{
        (name, driver): (MySQLExecutor, "format")
        for name in ("mysql", "mariadb")
        for driver in ("asyncmy", "aiomysql")
    },
}

_AWAITED = "use a Session or a Connection; in async code, use aseq.AsyncSequence"

_SYNC_HINTS = {
    **{
        f"Async{name}": _AWAITED
        for name in ("Engine", "Session", "Connection", "SessionTransaction", "Transaction")
    },
    "async_scoped_session": _AWAITED,
    "async_sessionmaker": _AWAITED,
    "Engine": "open a connection: `with engine.begin() as conn:`",
    "sessionmaker": "open a session: `with Session.begin() as session:`",
    "SessionTransaction": "pass the session that began the transaction",
    "Transaction": "pass the connection that began the transaction",
}

_SYNC_DRIVERS: dict[tuple[str, str], tuple[type[SQLAlchemySyncExecutor], Paramstyle]] = {
    ("postgresql", "psycopg"): (PostgresSyncExecutor, "format"),
    ("postgresql", "psycopg2"): (PostgresSyncExecutor, "format"),
    ("sqlite", "pysqlite"): (SqliteSyncExecutor, "qmark"),
    **{
        (name, driver): (MySQLSyncExecutor, "format")
        for name in ("mysql", "mariadb")
        for driver in ("pymysql", "mysqldb")
    },
}


def executor_for(connection: object, /) -> SQLAlchemyExecutor:
    """The executor for a session or connection of SQLAlchemy."""
    source = _source(connection)
    executor, paramstyle = _DRIVERS[_known(connection, source.dialect, _DRIVERS, "aseq")]
    return executor(source, paramstyle)


def sync_executor_for(connection: object, /) -> SQLAlchemySyncExecutor:
    """The executor for a session or connection of SQLAlchemy in sync code."""
    source = _sync_source(connection)
    key = _known(connection, source.dialect, _SYNC_DRIVERS, "aseq.sync")
    executor, paramstyle = _SYNC_DRIVERS[key]
    return executor(source, paramstyle)


def greenlet_executor_for(connection: Connection, /) -> SQLAlchemySyncExecutor | None:
    """The executor for the `Connection` of an asyncpg or asyncmy engine, in `run_sync`.

    None for any other one. Sync code may wait on it there and nowhere else, so `aseq.sync`
    doesn't take one.
    """
    if connection.dialect.driver == "asyncpg":
        return PostgresSyncExecutor(SyncConnectionSource(connection), "numeric_dollar")
    if connection.dialect.driver == "asyncmy":
        return MySQLSyncExecutor(SyncConnectionSource(connection), "format")
    return None


def _known(
    connection: object, dialect: Dialect, drivers: Iterable[tuple[str, str]], who: str
) -> tuple[str, str]:
    """The dialect and driver of an engine, or a refusal of what isn't among the known."""
    key = dialect.name, dialect.driver
    if key not in drivers:
        known = ", ".join(f"{name}+{driver}" for name, driver in drivers)
        hint = f"its engine is for {dialect.name}+{dialect.driver}; {who} knows {known}"
        raise unsupported(connection, {}, hint)
    return key


def _source(connection: object) -> Source:
    if isinstance(connection, async_scoped_session):
        connection = connection()
    if isinstance(connection, AsyncSession):
        return SessionSource(connection)
    if isinstance(connection, AsyncConnection):
        return ConnectionSource(connection)
    raise unsupported(connection, _HINTS, "pass an AsyncSession or an AsyncConnection")


def _sync_source(connection: object) -> SyncSource:
    if isinstance(connection, scoped_session):
        connection = connection()
    if isinstance(connection, Session):
        return SyncSessionSource(connection)
    if isinstance(connection, Connection):
        return SyncConnectionSource(connection)
    raise unsupported(connection, _SYNC_HINTS, "pass a Session or a Connection")
