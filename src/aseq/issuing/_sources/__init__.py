"""From what the caller passes as a source to the module that knows it, without imports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aseq._dispatch import executor_for
from aseq.errors import UnsupportedConnection

from .accepted import EngineOrPool
from .asyncpg import AsyncpgSource
from .base import Link, Source
from .mysql import AiomysqlSource, AsyncmySource
from .psycopg import PsycopgSource
from .sqlalchemy import EngineSource

__all__ = ("EngineOrPool", "Link", "Source", "source_for", "statements_of")

_DRIVERS = (
    *("postgresql+asyncpg", "postgresql+psycopg", "sqlite+aiosqlite"),
    *("mysql+asyncmy", "mysql+aiomysql", "mariadb+asyncmy", "mariadb+aiomysql"),
)

_HINT = (
    "an issuer has connections of its own: pass an AsyncEngine of SQLAlchemy, an asyncpg.Pool, "
    "a psycopg_pool.AsyncConnectionPool, or a pool of asyncmy or aiomysql"
)

_ON = (
    "an issuer can be put on a connection of SQLAlchemy, asyncpg, psycopg, asyncmy, aiomysql "
    "or aiosqlite"
)

_POOLS: Mapping[tuple[str, str], Callable[[Any], Source]] = {
    ("asyncpg", "Pool"): AsyncpgSource,
    ("psycopg_pool", "AsyncConnectionPool"): PsycopgSource,
    ("asyncmy", "Pool"): AsyncmySource,
    ("aiomysql", "Pool"): AiomysqlSource,
}


def source_for(source: Any) -> Source:
    """The source that stands for an engine or a pool.

    Raises:
        UnsupportedConnection: it is neither.
    """
    for base in type(source).__mro__:
        named = base.__module__.partition(".")[0], base.__name__
        if named == ("sqlalchemy", "AsyncEngine"):
            return _engine(source)
        if named in _POOLS:
            return _POOLS[named](source)
    raise UnsupportedConnection(_called(source), _HINT)


def _engine(engine: Any) -> Source:
    driver = f"{engine.dialect.name}+{engine.dialect.driver}"
    if driver not in _DRIVERS:
        hint = f"its engine is for {driver}; aseq knows {', '.join(_DRIVERS)}"
        raise UnsupportedConnection(_called(engine), hint)
    return EngineSource(engine)


def _called(source: object) -> str:
    return f"{type(source).__module__}.{type(source).__qualname__}"


def statements_of(conn: Any) -> Callable[[str], Awaitable[object]]:
    """What runs a statement on a caller's connection, also in a transaction that has failed.

    Raises:
        UnsupportedConnection: it isn't one that has savepoints in SQL.
    """
    executor_for(conn)  # refuses what is none at all, and says what to pass
    packages = {base.__module__.partition(".")[0] for base in type(conn).__mro__}
    if "sqlalchemy" in packages:
        return _of_sqlalchemy(conn)
    if packages & {"asyncpg", "psycopg", "aiosqlite"} and hasattr(conn, "execute"):
        execute: Callable[[str], Awaitable[object]] = conn.execute
        return execute
    if packages & {"asyncmy", "aiomysql"}:
        query: Callable[[str], Awaitable[object]] = conn.query
        return query
    raise UnsupportedConnection(_called(conn), _ON)


def _of_sqlalchemy(conn: Any) -> Callable[[str], Awaitable[object]]:
    async def execute(sql: str) -> object:
        connection = await conn.connection() if hasattr(conn, "flush") else conn
        return await connection.exec_driver_sql(sql)

    return execute
