"""Tortoise's clients, as the contract suite uses them: what `in_transaction()` yields.

Each is a connection of its own, under a name of its own, of one context of Tortoise.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, ClassVar

import anyio
from tortoise.context import TortoiseContext, get_current_context
from tortoise.transactions import in_transaction

from .base import PATIENCE, Client
from .mysql import where

_context = TortoiseContext()


async def _handler() -> Any:
    """Where the connections are kept, in a context that this task is in from now on."""
    if not _context.inited:
        app = {"models": ["aseq.tortoise.models"], "default_connection": "unused"}
        config = {"connections": {"unused": "sqlite://:memory:"}, "apps": {"aseq": app}}
        await _context.init(config=config, init_connections=False)
    if get_current_context() is not _context:
        _context.__enter__()
    return _context.connections


class TortoiseClient(Client):
    """Outside of a transaction, `conn` is the client that would commit by itself."""

    engine: ClassVar[str]

    def credentials(self) -> dict[str, Any]:
        raise NotImplementedError

    async def open(self) -> None:
        self.alias = f"client_{secrets.token_hex(8)}"
        self._connections = await _handler()
        self._connections.db_config[self.alias] = {
            "engine": f"tortoise.backends.{self.engine}",
            "credentials": self.credentials(),
        }
        self.base = self.conn = self._connections.get(self.alias)
        await self.base.create_connection(with_db=True)

    async def close(self) -> None:
        await self.disconnect()
        self._connections.discard(self.alias)
        self._connections.db_config.pop(self.alias, None)

    async def disconnect(self) -> None:
        await self.base.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self._inside(in_transaction(self.alias)):
            yield

    savepoint = transaction

    @asynccontextmanager
    async def _inside(self, block: AbstractAsyncContextManager[Any]) -> AsyncIterator[None]:
        async with block as entered:
            outer, self.conn = self.conn, entered
            try:
                yield
            finally:
                self.conn = outer

    async def execute(self, sql: str) -> None:
        await self.conn.execute_query(sql)

    async def scalar(self, sql: str) -> Any:
        [row] = await self.conn.execute_query_dict(sql)
        [value] = row.values()
        return value


class TortoisePostgres(TortoiseClient):
    def credentials(self) -> dict[str, Any]:
        host, _, port = self.url.rpartition("@")[2].partition("/")[0].partition(":")
        return {
            "host": host,
            "port": port,
            "user": "postgres",
            "database": self.url.rpartition("/")[2],
            "minsize": 1,
            "maxsize": 1,
        }


class TortoiseAsyncpg(TortoisePostgres):
    engine = "asyncpg"

    async def disconnect(self) -> None:
        # A connection that Tortoise never gave back can only be terminated.
        with anyio.CancelScope(shield=True), suppress(TimeoutError):
            await asyncio.wait_for(self.base._pool.close(), 0.5)


class TortoisePsycopg(TortoisePostgres):
    engine = "psycopg"


class TortoiseSqlite(TortoiseClient):
    engine = "sqlite"
    journal_mode = "WAL"  # Tortoise's own choice, to which it can't always change under load

    def credentials(self) -> dict[str, Any]:
        return {"file_path": self.url, "busy_timeout": PATIENCE * 1000}


class TortoiseAsyncmy(TortoiseClient):
    engine = "mysql"

    def credentials(self) -> dict[str, Any]:
        options = where(self.url)
        return {**options, "database": options.pop("db"), "minsize": 1, "maxsize": 1}

    async def disconnect(self) -> None:
        # Of a pool that waits for what was never given back, nothing more is to be had.
        with anyio.CancelScope(shield=True), suppress(TimeoutError):
            await asyncio.wait_for(self.base.close(), 0.5)
