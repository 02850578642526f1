"""Which objects of SQLAlchemy are connections to draw on, and hints for those that aren't."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

from aseq._core.statement import Paramstyle
from aseq.adapters.base import unsupported

from ._executor import PostgresExecutor, SQLAlchemyExecutor, SqliteExecutor
from ._session import ConnectionSource, SessionSource, Source

_SESSION = "open a session: `async with async_session() as session:`"

_HINTS = {
    "AsyncEngine": "open a connection: `async with engine.begin() as conn:`",
    "Engine": "use an AsyncEngine, and a connection of it",
    "async_sessionmaker": _SESSION,
    "sessionmaker": "use an async_sessionmaker, and a session of it",
    "Session": "use an AsyncSession",
    "scoped_session": "use an async_scoped_session",
    "Connection": "use an AsyncConnection",
    "AsyncSessionTransaction": "pass the session that began the transaction",
    "AsyncTransaction": "pass the connection that began the transaction",
}

_EXECUTORS: dict[str, type[SQLAlchemyExecutor]] = {
    "postgresql": PostgresExecutor,
    "sqlite": SqliteExecutor,
}

_PARAMSTYLES: dict[str, Paramstyle] = {
    "format": "format",
    "numeric_dollar": "numeric_dollar",
    "pyformat": "format",
    "qmark": "qmark",
}


def executor_for(connection: object, /) -> SQLAlchemyExecutor:
    """The executor for a session or connection of SQLAlchemy."""
    source = _source(connection)
    dialect = source.dialect
    executor = _EXECUTORS.get(dialect.name)
    paramstyle = _PARAMSTYLES.get(dialect.paramstyle)
    if executor is None or paramstyle is None:
        raise unsupported(
            connection,
            {},
            f"aseq doesn't know the database {dialect.name!r}: use PostgreSQL or SQLite",
        )
    return executor(source, paramstyle)


def _source(connection: object) -> Source:
    if isinstance(connection, async_scoped_session):
        connection = connection()
    if isinstance(connection, AsyncSession):
        return SessionSource(connection)
    if isinstance(connection, AsyncConnection):
        return ConnectionSource(connection)
    raise unsupported(connection, _HINTS, "pass an AsyncSession or an AsyncConnection")
