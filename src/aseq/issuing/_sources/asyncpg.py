"""An asyncpg pool."""

from __future__ import annotations

from typing import Any

from .base import Link, Source


class AsyncpgLink(Link):
    """A connection of a pool; asyncpg's own transaction, so that a hook can nest its own."""

    def __init__(self, pool: Any, conn: Any) -> None:
        self._pool, self.conn = pool, conn
        self._transaction: Any = None

    async def begin(self) -> None:
        self._transaction = self.conn.transaction(isolation="read_committed")
        await self._transaction.start()

    async def execute(self, sql: str) -> None:
        await self.conn.execute(sql)

    async def commit(self) -> None:
        transaction, self._transaction = self._transaction, None
        await transaction.commit()

    async def rollback(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:  # it is after a COMMIT that was refused
            await transaction.rollback()

    async def release(self) -> None:
        await self._pool.release(self.conn)

    async def give_up(self) -> None:
        self.conn.terminate()
        await self._pool.release(self.conn)


class AsyncpgSource(Source):
    """An `asyncpg.Pool`."""

    kind = "asyncpg"

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def connect(self) -> Link:
        return AsyncpgLink(self._pool, await self._pool.acquire())
