"""The kinds of connection that the contract suite runs on, with the same verbs on each.

A client is one connection, opened, begun, committed and closed as its library's own
users would. What it does is never mocked.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import aiosqlite
import anyio.to_thread
import asyncpg
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from aseq.adapters.sqlalchemy import begin_immediate

T = TypeVar("T")


class Client(ABC):
    """One connection, and how its library's users work with it.

    Attributes:
        conn: what is passed to aseq.
        draws_in_savepoints: whether numbers can be drawn inside one; where it can't be
            known that the savepoint isn't all there is, they are refused.
        shares_connections: whether a task waits for its turn on a connection that
            another task uses, or else is turned away with the driver's error.
    """

    conn: Any
    draws_in_savepoints: ClassVar[bool] = True
    shares_connections: ClassVar[bool] = True

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    async def open(self) -> None:
        """Connect."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect, whatever state the connection is in."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[object]:
        """Commits at the end of the block, rolls back if it is left by an error."""

    @abstractmethod
    def savepoint(self) -> AbstractAsyncContextManager[object]:
        """As `transaction`, inside one."""

    @abstractmethod
    async def execute(self, sql: str) -> None:
        """Run a statement, whose rows don't matter."""

    async def scalar(self, sql: str) -> Any:
        """Run a statement for the first column of its first row."""
        raise NotImplementedError

    async def save(self, name: str, number: int) -> None:
        """Write the row that carries a number."""
        await self.execute(f"INSERT INTO saved (name, number) VALUES ('{name}', {number})")


class Asyncpg(Client):
    shares_connections = False

    async def open(self) -> None:
        self.conn = await asyncpg.connect(self.url)

    async def close(self) -> None:
        self.conn.terminate()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        block: AbstractAsyncContextManager[object] = self.conn.transaction()
        return block

    savepoint = transaction

    async def execute(self, sql: str) -> None:
        await self.conn.execute(sql)

    async def scalar(self, sql: str) -> Any:
        return await self.conn.fetchval(sql)


class AsyncpgPool(Asyncpg):
    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(self.url, min_size=1, max_size=1)
        self.conn = await self._pool.acquire()

    async def close(self) -> None:
        self._pool.terminate()


class Psycopg(Client):
    """Begins by itself: the block only ends the transaction."""

    autocommit: ClassVar[bool] = False

    async def open(self) -> None:
        self.conn = await psycopg.AsyncConnection.connect(self.url, autocommit=self.autocommit)

    async def close(self) -> None:
        await self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return _ended(self.conn)

    def savepoint(self) -> AbstractAsyncContextManager[object]:
        block: AbstractAsyncContextManager[object] = self.conn.transaction()
        return block

    async def execute(self, sql: str) -> None:
        await self.conn.execute(sql)

    async def scalar(self, sql: str) -> Any:
        cursor = await self.conn.execute(sql)
        [value] = await cursor.fetchone()
        return value


class PsycopgBlock(Psycopg):
    """In autocommit mode, inside `async with conn.transaction():`."""

    autocommit = True

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self.savepoint()


class PsycopgThread(Client):
    """psycopg's sync connection, in worker threads; on trio too. It begins by itself."""

    autocommit: ClassVar[bool] = False

    async def open(self) -> None:
        connect = partial(psycopg.connect, self.url, autocommit=self.autocommit)
        self.conn = await in_thread(connect)

    async def close(self) -> None:
        self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return _ended(self)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        block = self.conn.transaction()
        await in_thread(block.__enter__)
        try:
            yield
        except BaseException as exc:
            leave = partial(block.__exit__, type(exc), exc, exc.__traceback__)
            with anyio.CancelScope(shield=True):
                await in_thread(leave)
            raise
        await in_thread(partial(block.__exit__, None, None, None))

    async def execute(self, sql: str) -> None:
        await in_thread(lambda: self.conn.execute(sql))

    async def scalar(self, sql: str) -> Any:
        return await in_thread(lambda: self.conn.execute(sql).fetchone()[0])

    async def commit(self) -> None:
        await in_thread(self.conn.commit)

    async def rollback(self) -> None:
        await in_thread(self.conn.rollback)


class PsycopgThreadBlock(PsycopgThread):
    """In autocommit mode, inside `with conn.transaction():`."""

    autocommit = True

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self.savepoint()


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
        return _ended(self.conn)


class ConnectionAsyncpg(SQLAlchemyConnection):
    driver = "asyncpg"

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return _ended(self.conn)


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
        return _ended(self.conn)


class ConnectionAiosqlite(SQLAlchemyConnection):
    def make_engine(self) -> AsyncEngine:
        return begin_immediate(create_async_engine(f"sqlite+aiosqlite:///{self.url}"))


class Aiosqlite(Client):
    """In autocommit mode, with transactions begun by hand."""

    isolation_level: ClassVar[Any] = None
    begin: ClassVar[str] = "BEGIN IMMEDIATE"

    async def open(self) -> None:
        self.conn = await aiosqlite.connect(self.url, isolation_level=self.isolation_level)

    async def close(self) -> None:
        await self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self._begun()

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[None]:
        await self.execute(self.begin)
        async with _ended(self):
            yield

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        await self.execute("SAVEPOINT inner_one")
        try:
            yield
        except BaseException:
            await self.execute("ROLLBACK TO inner_one")
            await self.execute("RELEASE inner_one")
            raise
        await self.execute("RELEASE inner_one")

    async def execute(self, sql: str) -> None:
        await self.conn.execute_fetchall(sql)

    async def scalar(self, sql: str) -> Any:
        [[value], *_] = await self.conn.execute_fetchall(sql)
        return value

    async def commit(self) -> None:
        await self.conn.commit()

    async def rollback(self) -> None:
        await self.conn.rollback()


class AiosqliteLegacy(Aiosqlite):
    """As sqlite3 does it unless told otherwise: it begins by itself before a write."""

    isolation_level = ""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return _ended(self.conn)


class Sqlite3(Aiosqlite):
    """The standard library's connection, in worker threads; on trio too."""

    async def open(self) -> None:
        self.conn = sqlite3.connect(
            self.url, isolation_level=self.isolation_level, check_same_thread=False
        )

    async def close(self) -> None:
        self.conn.close()

    async def execute(self, sql: str) -> None:
        await in_thread(lambda: self.conn.execute(sql).fetchall())

    async def scalar(self, sql: str) -> Any:
        return await in_thread(lambda: self.conn.execute(sql).fetchone()[0])

    async def commit(self) -> None:
        await in_thread(self.conn.commit)

    async def rollback(self) -> None:
        await in_thread(self.conn.rollback)


class Sqlite3Legacy(Sqlite3):
    isolation_level = ""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return _ended(self)


async def in_thread(work: Callable[[], T]) -> T:
    """Run something in a worker thread."""
    return await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))


@asynccontextmanager
async def _ended(connection: Any) -> AsyncIterator[None]:
    """Commit or roll back at the end what began by itself."""
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await connection.rollback()
        raise
    await connection.commit()


def sqlite_file(folder: Path) -> str:
    """The name of a database file in a folder."""
    return str(folder / "aseq.db")
