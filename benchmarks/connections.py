"""The drivers: one client each, that begins, saves a row, and does what else there is to do."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiosqlite
import anyio.to_thread
import asyncmy
import asyncpg
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from aseq.sqlalchemy import begin_immediate

BODY = "x" * 100


def where(url: str) -> dict[str, Any]:
    """What the drivers of MariaDB and MySQL take in place of a URL."""
    parts = urlsplit(url)
    database = parts.path.lstrip("/")
    return {"host": parts.hostname, "port": parts.port, "user": "root", "db": database}


class Client(ABC):
    """One connection, used as its library's own users would."""

    conn: Any

    @abstractmethod
    async def open(self, url: str) -> None:
        """Connect."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abstractmethod
    def block(self) -> AbstractAsyncContextManager[object]:
        """A transaction."""

    @abstractmethod
    async def execute(self, sql: str) -> None:
        """Run a statement."""

    async def save(self, table: str, *numbers: int) -> None:
        """Write the rows that carry numbers."""
        values = ", ".join(f"({number}, '{BODY}')" for number in numbers)
        await self.execute(f"INSERT INTO {table} (number, body) VALUES {values}")


class Asyncpg(Client):
    """asyncpg's."""

    async def open(self, url: str) -> None:
        self.conn = await asyncpg.connect(url)

    async def close(self) -> None:
        await self.conn.close()

    def block(self) -> AbstractAsyncContextManager[object]:
        block: AbstractAsyncContextManager[object] = self.conn.transaction()
        return block

    async def execute(self, sql: str) -> None:
        await self.conn.execute(sql)


class Psycopg(Client):
    """psycopg's."""

    async def open(self, url: str) -> None:
        self.conn = await psycopg.AsyncConnection.connect(url)

    async def close(self) -> None:
        await self.conn.close()

    @asynccontextmanager
    async def block(self) -> AsyncIterator[object]:
        yield self.conn
        await self.conn.commit()

    async def execute(self, sql: str) -> None:
        await self.conn.execute(sql)


class Session(Client):
    """SQLAlchemy's, on asyncpg."""

    async def open(self, url: str) -> None:
        self._engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
        self.conn = AsyncSession(self._engine)

    async def close(self) -> None:
        await self.conn.close()
        await self._engine.dispose()

    def block(self) -> AbstractAsyncContextManager[object]:
        block: AbstractAsyncContextManager[object] = self.conn.begin()
        return block

    async def execute(self, sql: str) -> None:
        await self.conn.execute(text(sql))


class SqliteSession(Session):
    """SQLAlchemy's, on aiosqlite."""

    async def open(self, url: str) -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{url}", connect_args={"timeout": 60})
        self._engine = begin_immediate(engine)
        self.conn = AsyncSession(self._engine)


class Asyncmy(Psycopg):
    """asyncmy's; it begins by itself, as psycopg does."""

    async def open(self, url: str) -> None:
        self.conn = await asyncmy.connect(**where(url))

    async def close(self) -> None:
        await self.conn.ensure_closed()

    async def execute(self, sql: str) -> None:
        async with self.conn.cursor() as cursor:
            await cursor.execute(sql)


class AsyncmySession(Session):
    """SQLAlchemy's, on asyncmy."""

    async def open(self, url: str) -> None:
        self._engine = create_async_engine(url.replace("mysql:", "mysql+asyncmy:"))
        self.conn = AsyncSession(self._engine)


class Aiosqlite(Client):
    """aiosqlite's."""

    async def open(self, url: str) -> None:
        self.conn = await aiosqlite.connect(url, isolation_level=None, timeout=60)

    async def close(self) -> None:
        await self.conn.close()

    @asynccontextmanager
    async def block(self) -> AsyncIterator[object]:
        await self.execute("BEGIN IMMEDIATE")
        yield self.conn
        await self.execute("COMMIT")

    async def execute(self, sql: str) -> None:
        await self.conn.execute_fetchall(sql)


class Sqlite3(Aiosqlite):
    """The standard library's, in worker threads."""

    async def open(self, url: str) -> None:
        self._limiter = anyio.CapacityLimiter(1)
        self.conn = sqlite3.connect(
            url, isolation_level=None, timeout=60, check_same_thread=False
        )

    async def close(self) -> None:
        self.conn.close()

    async def execute(self, sql: str) -> None:
        await anyio.to_thread.run_sync(self.conn.execute, sql, limiter=self._limiter)
