"""Piccolo, on PostgreSQL and SQLite: its engine is passed, and stands for the transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from .base import PATIENCE, Client
from .lost import ignore_lost_connections


class PiccoloClient(Client):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.engine: Any = None

    async def open(self) -> None:
        self.conn = self.engine = self.make_engine()

    def make_engine(self) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        return

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self.engine.transaction():
            yield

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        savepoint = await self.engine.current_transaction.get().savepoint()
        try:
            yield
        except BaseException:
            with anyio.CancelScope(shield=True):
                await savepoint.rollback_to()
            raise
        await savepoint.release()

    async def execute(self, sql: str) -> None:
        await self.engine.run_ddl(sql)

    async def scalar(self, sql: str) -> Any:
        [row] = await self.engine.run_ddl(sql)
        return next(iter(row.values()))


class PiccoloPostgres(PiccoloClient):
    """With a pool of one connection."""

    shares_connections = False

    def make_engine(self) -> Any:
        # Imported on use: it sets converters of Python's sqlite3, for the whole process.
        from piccolo.engine.postgres import PostgresEngine

        return PostgresEngine(config={"dsn": self.url}, extensions=())

    async def open(self) -> None:
        ignore_lost_connections(asyncio.get_running_loop())
        await super().open()
        await self.engine.start_connection_pool(min_size=1, max_size=1)

    async def close(self) -> None:
        self.engine.pool.terminate()


class PiccoloSqlite(PiccoloClient):
    """Has a connection for each transaction."""

    def make_engine(self) -> Any:
        from piccolo.engine.sqlite import SQLiteEngine

        return SQLiteEngine(path=self.url, timeout=PATIENCE)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        from piccolo.engine.sqlite import TransactionType

        async with self.engine.transaction(transaction_type=TransactionType.immediate):
            yield
