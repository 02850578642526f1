"""SQLite through aiosqlite, and through the standard library in worker threads."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar

import aiosqlite

from .base import PATIENCE, Client, ended, in_thread


class Aiosqlite(Client):
    """In autocommit mode, with transactions begun by hand."""

    isolation_level: ClassVar[Any] = None
    begin: ClassVar[str] = "BEGIN IMMEDIATE"

    async def open(self) -> None:
        self.conn = await aiosqlite.connect(
            self.url, isolation_level=self.isolation_level, timeout=PATIENCE
        )

    async def close(self) -> None:
        await self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self._begun()

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[None]:
        await self.execute(self.begin)
        async with ended(self):
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
        return ended(self.conn)


class Sqlite3(Aiosqlite):
    """The standard library's connection, in worker threads; on trio too."""

    async def open(self) -> None:
        self.conn = sqlite3.connect(
            self.url,
            isolation_level=self.isolation_level,
            timeout=PATIENCE,
            check_same_thread=False,
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
        return ended(self)
