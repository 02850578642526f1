"""SQLAlchemy, over each of its asynchronous drivers that aseq knows."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from sqlalchemy import __version__, text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from aseq.sqlalchemy import begin_immediate

from .base import PATIENCE, Client, ended
from .lost import ignore_lost_connections


class SQLAlchemySession(Client):
    driver: ClassVar[str]
    engine: AsyncEngine

    def make_engine(self) -> AsyncEngine:
        dialect, rest = self.url.split(":", 1)
        return create_async_engine(f"{dialect}+{self.driver}:{rest}")

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


class OverAsyncpg(SQLAlchemySession):
    driver = "asyncpg"

    async def open(self) -> None:
        ignore_lost_connections(asyncio.get_running_loop())
        await super().open()


class SessionAsyncpg(OverAsyncpg):
    pass


class SessionPsycopg(SQLAlchemySession):
    """A fresh session, which begins by itself: the block only ends the transaction."""

    driver = "psycopg"

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)


class ConnectionAsyncpg(OverAsyncpg, SQLAlchemyConnection):
    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)


class ConnectionPsycopg(SQLAlchemyConnection):
    driver = "psycopg"


class SessionAiosqlite(SQLAlchemySession):
    def make_engine(self) -> AsyncEngine:
        return begin_immediate(
            create_async_engine(
                f"sqlite+aiosqlite:///{self.url}", connect_args={"timeout": PATIENCE}
            )
        )


class SessionAiosqliteDefault(SQLAlchemySession):
    """Without the recipe: sqlite3 begins by itself before the first write."""

    draws_in_savepoints = False

    def make_engine(self) -> AsyncEngine:
        return create_async_engine(
            f"sqlite+aiosqlite:///{self.url}", connect_args={"timeout": PATIENCE}
        )

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)


class ConnectionAiosqlite(SQLAlchemyConnection):
    def make_engine(self) -> AsyncEngine:
        return begin_immediate(
            create_async_engine(
                f"sqlite+aiosqlite:///{self.url}", connect_args={"timeout": PATIENCE}
            )
        )


# Before 2.0.55, SQLAlchemy leaves a connection of aiosqlite's locked, or without a driver's
# connection, if its own BEGIN or ROLLBACK is cancelled.
LOST_BY_SQLALCHEMY: tuple[type[Client], ...] = ()
if __version__.startswith("2.0.") and int(__version__.rpartition(".")[2]) < 55:
    LOST_BY_SQLALCHEMY = (SessionAiosqlite, SessionAiosqliteDefault, ConnectionAiosqlite)
