"""A SQLAlchemy AsyncEngine, on asyncpg, psycopg, aiosqlite, asyncmy or aiomysql."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .base import Link, Source


class EngineLink(Link):
    """An `AsyncConnection`.

    Args:
        conn: the connection.
        connect: makes another one like it.
    """

    def __init__(self, conn: Any, connect: Callable[[], Awaitable[Any]]) -> None:
        self.conn, self._connect = conn, connect

    async def begin(self) -> None:
        self._transaction = await self.conn.begin()

    async def execute(self, sql: str) -> None:
        await self.conn.exec_driver_sql(sql)

    async def commit(self) -> None:
        await self._transaction.commit()

    async def rollback(self) -> None:
        given_up = self.conn.invalidated
        await self._transaction.rollback()
        if given_up:  # it would connect by itself, but not set the isolation level
            await self.conn.close()
            self.conn = await self._connect()
        if self.conn.dialect.name == "sqlite":
            # Where a COMMIT was refused, its transaction goes on, and SQLAlchemy takes it for
            # closed: see `RootTransaction._do_commit`.
            await self.conn.run_sync(lambda sync: sync.connection.dbapi_connection.rollback())

    async def release(self) -> None:
        await self.conn.close()

    async def give_up(self) -> None:
        # A file of SQLite's has no server to lose: closing rolls back.
        if not self.conn.closed and self.conn.dialect.name != "sqlite":
            await self.conn.invalidate()
        await self.conn.close()


class EngineSource(Source):
    """An `AsyncEngine`."""

    kind = "sqlalchemy"

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    async def connect(self) -> Link:
        return EngineLink(await self._connect(), self._connect)

    async def _connect(self) -> Any:
        conn = await self._engine.connect()
        if self._engine.dialect.name != "sqlite":
            # Not AUTOCOMMIT, nor what fails with 40001 or locks gaps.
            await conn.execution_options(isolation_level="READ COMMITTED")
        return conn
