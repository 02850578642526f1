"""SQLAlchemy, over each of its asynchronous drivers that aseq knows."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from aseq.adapters.sqlalchemy import begin_immediate

from .base import Client, ended


class SQLAlchemySession(Client):
    driver: ClassVar[str]
    engine: AsyncEngine

    def make_engine(self) -> AsyncEngine:
        return create_async_engine(
            self.url.replace("postgresql:", f"postgresql+{self.driver}:")
        )

    async def open(self) -> None:
        self.engine = self.make_engine()
        self.conn = AsyncSession(self.engine)

    async def close(self) -> None:
        await self.conn.close()
        await self.engine.dispose()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        block: AbstractAsyncContextManager[object] = self.conn.begin()
        return block

    def savepoint(self) -> AbstractAsyncContextManager[object]:
        block: AbstractAsyncContextManager[object] = self.conn.begin_nested()
        return block

    async def execute(self, sql: str) -> None:
        await self.conn.execute(text(sql))

    async def scalar(self, sql: str) -> Any:
        return (await self.conn.execute(text(sql))).scalar_one()


class SQLAlchemyConnection(SQLAlchemySession):
    conn: AsyncConnection

    async def open(self) -> None:
        self.engine = self.make_engine()
        self.conn = await self.engine.connect()


class SessionAsyncpg(SQLAlchemySession):
    driver = "asyncpg"


class SessionPsycopg(SQLAlchemySession):
    """A fresh session, which begins by itself: the block only ends the transaction."""

    driver = "psycopg"

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)


class ConnectionAsyncpg(SQLAlchemyConnection):
    driver = "asyncpg"

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)


class ConnectionPsycopg(SQLAlchemyConnection):
    driver = "psycopg"


class SessionAiosqlite(SQLAlchemySession):
    def make_engine(self) -> AsyncEngine:
        return begin_immediate(create_async_engine(f"sqlite+aiosqlite:///{self.url}"))


class SessionAiosqliteDefault(SQLAlchemySession):
    """Without the recipe: sqlite3 begins by itself before the first write."""

    draws_in_savepoints = False

    def make_engine(self) -> AsyncEngine:
        return create_async_engine(f"sqlite+aiosqlite:///{self.url}")

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)


class ConnectionAiosqlite(SQLAlchemyConnection):
    def make_engine(self) -> AsyncEngine:
        return begin_immediate(create_async_engine(f"sqlite+aiosqlite:///{self.url}"))
