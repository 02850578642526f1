"""The pools of asyncmy and aiomysql, for MariaDB and MySQL: they have the same verbs.

A connection comes as its owner has set it up, and goes back like that: what the issuer needs,
it sets and sets back. It may come in a transaction that is still open, for an error tells
neither driver that there is one, and BEGIN would commit that.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .base import Link, Source

# Of each server, whichever name it has for it.
_LEVEL = "SHOW VARIABLES WHERE variable_name IN ('tx_isolation', 'transaction_isolation')"
_SET = "SET SESSION TRANSACTION ISOLATION LEVEL {}"
_READ_COMMITTED = "READ COMMITTED"


class MySQLLink(Link):
    """A connection of a pool, in autocommit mode or not: what BEGIN begins ends the same."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def connect(self) -> None:
        """Take a connection, and set it to READ COMMITTED."""
        self.conn = await self._pool.acquire()
        try:
            await self.conn.rollback()
            self._level = await self._isolation_level()
            if self._level != _READ_COMMITTED:
                await self.execute(_SET.format(_READ_COMMITTED))
        except BaseException:
            await self.give_up()
            raise

    async def _isolation_level(self) -> str:
        async with self.conn.cursor() as cursor:
            await cursor.execute(_LEVEL)
            row = await cursor.fetchone()
        [_, level] = row.values() if isinstance(row, dict) else row
        return str(level).replace("-", " ")

    async def begin(self) -> None:
        await self.execute("START TRANSACTION")  # not BEGIN, for MariaDB's ORACLE mode

    async def execute(self, sql: str) -> None:
        await self.conn.query(sql)

    async def commit(self) -> None:
        await self.conn.commit()

    async def rollback(self) -> None:
        if not _is_open(self.conn):  # a draw has given it up
            await self.give_up()
            await self.connect()
        else:
            await self.conn.rollback()

    async def release(self) -> None:
        if self._level != _READ_COMMITTED:
            await self.execute(_SET.format(self._level))
        await self._pool.release(self.conn)

    async def give_up(self) -> None:
        self.conn.close()
        await self._pool.release(self.conn)
        if not self._pool.freesize:
            # For one that is closed, aiomysql wakes nobody who waits for a connection.
            await self._pool.clear()


def _is_open(conn: Any) -> bool:
    return bool(conn.connected) if hasattr(conn, "connected") else not conn.closed


class AsyncmySource(Source):
    """An `asyncmy.Pool`."""

    kind: ClassVar[str] = "asyncmy"

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def connect(self) -> Link:
        link = MySQLLink(self._pool)
        await link.connect()
        return link


class AiomysqlSource(AsyncmySource):
    """An `aiomysql.Pool`."""

    kind = "aiomysql"
