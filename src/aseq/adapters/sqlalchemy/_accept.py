"""Which objects of SQLAlchemy are connections to draw on, and hints for those that aren't."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

from aseq._core.statement import Paramstyle
from aseq.adapters.base import unsupported

from ._executor import SQLAlchemyExecutor
from ._on_postgresql import PostgresExecutor
from ._on_sqlite import SqliteExecutor
from ._session import ConnectionSource, SessionSource, Source

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
}


def executor_for(connection: object, /) -> SQLAlchemyExecutor:
    """The executor for a session or connection of SQLAlchemy."""
    source = _source(connection)
    dialect = source.dialect
    if (dialect.name, dialect.driver) not in _DRIVERS:
        known = ", ".join(f"{name}+{driver}" for name, driver in _DRIVERS)
        hint = f"its engine is for {dialect.name}+{dialect.driver}; aseq knows {known}"
        raise unsupported(connection, {}, hint)
    executor, paramstyle = _DRIVERS[dialect.name, dialect.driver]
    return executor(source, paramstyle)


def _source(connection: object) -> Source:
    if isinstance(connection, async_scoped_session):
        connection = connection()
    if isinstance(connection, AsyncSession):
        return SessionSource(connection)
    if isinstance(connection, AsyncConnection):
        return ConnectionSource(connection)
    raise unsupported(connection, _HINTS, "pass an AsyncSession or an AsyncConnection")
