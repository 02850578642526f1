"""A psycopg pool."""

from __future__ import annotations

from typing import Any

from .base import Link, Source

_READ_COMMITTED = 2  # psycopg.IsolationLevel's


class PsycopgLink(Link):
    """A connection of a pool, in autocommit mode or not: a block begins and ends the same."""

    def __init__(self, pool: Any, conn: Any) -> None:
        self._pool, self.conn = pool, conn
        self._level: Any = conn.isolation_level  # what the pool's owner has set
        self._block: Any = None

    async def begin(self) -> None:
        if self.conn.isolation_level != _READ_COMMITTED:
            await self.conn.set_isolation_level(_READ_COMMITTED)
        self._block = self.conn.transaction()
        await self._block.__aenter__()

    async def execute(self, sql: str) -> None:
        await self.conn.execute(sql)

    async def commit(self) -> None:
        block, self._block = self._block, None
        if self.conn.closed:
            # psycopg's block would end without a word: `AsyncTransaction.__aexit__` returns if
            # the connection's status isn't OK.
            raise ConnectionError("the connection was closed before COMMIT")
        await block.__aexit__(None, None, None)

    async def rollback(self) -> None:
        block, self._block = self._block, None
        if block is not None:  # it is after a COMMIT that was refused
            leave = _Leave()
            await block.__aexit__(_Leave, leave, None)

    async def release(self) -> None:
        if self._level != self.conn.isolation_level:
            await self.conn.set_isolation_level(self._level)
        await self._pool.putconn(self.conn)

    async def give_up(self) -> None:
        await self.conn.close()
        await self._pool.putconn(self.conn)


class _Leave(Exception):
    """Leaves a block, which rolls back."""


class PsycopgSource(Source):
    """A `psycopg_pool.AsyncConnectionPool`."""

    kind = "psycopg"

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def connect(self) -> Link:
        return PsycopgLink(self._pool, await self._pool.getconn())
