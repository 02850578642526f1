"""PostgreSQL through its own drivers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

import asyncpg
import psycopg

from .base import Client, ended

ENDS_BLOCKS_THAT_NEVER_BEGAN = tuple(map(int, psycopg.__version__.split(".")[:3])) >= (3, 3, 7)
"""Older ones refuse to commit, or to roll back, after a block that failed as it began."""


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
        return ended(self.conn)

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
