"""MariaDB and MySQL through their own asynchronous drivers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import aiomysql
import anyio
import asyncmy
import pymysql

from .base import Client, ended
from .sqlalchemy import SQLAlchemyConnection, SQLAlchemySession


def where(url: str) -> dict[str, Any]:
    """What the drivers of MariaDB take in place of a URL."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port or 3306,
        "user": unquote(parts.username or "root"),
        "password": unquote(parts.password or ""),
        "db": parts.path.lstrip("/"),
    }


def connect_pymysql(url: str) -> pymysql.Connection[Any]:
    """A plain connection in autocommit mode, to look from outside."""
    options = where(url)
    return pymysql.connect(database=options.pop("db"), autocommit=True, **options)


class Asyncmy(Client):
    """In autocommit mode, inside a transaction that was begun by hand."""

    driver: ClassVar[ModuleType] = asyncmy
    autocommit: ClassVar[bool] = True
    shares_connections = False

    async def open(self) -> None:
        self.conn = await self.driver.connect(**where(self.url), autocommit=self.autocommit)

    async def close(self) -> None:
        self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self._begun()

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[None]:
        if not is_open(self.conn):  # it was given up
            await self.open()
        await self.conn.begin()
        try:
            yield
        except BaseException:
            # On a connection that was closed there is nothing left to roll back.
            with anyio.CancelScope(shield=True), suppress(Exception):
                await self.conn.rollback()
            raise
        await self.conn.commit()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        await self.execute("SAVEPOINT here")
        try:
            yield
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(Exception):
                await self.execute("ROLLBACK TO SAVEPOINT here")
            raise
        await self.execute("RELEASE SAVEPOINT here")

    async def rollback(self) -> None:
        """As its users do, if there is anything to roll back."""
        if is_open(self.conn):
            await self.conn.rollback()

    async def execute(self, sql: str) -> None:
        async with self.conn.cursor() as cursor:
            await cursor.execute(sql)

    async def scalar(self, sql: str) -> Any:
        async with self.conn.cursor() as cursor:
            await cursor.execute(sql)
            [value] = await cursor.fetchone()
        return value


class AsyncmyPool(Asyncmy):
    """Begins by itself: the block only ends the transaction."""

    autocommit = False

    async def open(self) -> None:
        await self._leave()
        self._pool = await self.driver.create_pool(**where(self.url), minsize=1, maxsize=1)
        self.conn = await self._pool.acquire()

    async def close(self) -> None:
        self.conn.close()
        await self._leave()

    async def _leave(self) -> None:
        if hasattr(self, "_pool"):
            self._pool.release(self.conn)

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[None]:
        if not is_open(self.conn):
            await self.open()
        async with ended(self):
            yield

    async def commit(self) -> None:
        await self.conn.commit()


class Aiomysql(Asyncmy):
    driver = aiomysql


class AiomysqlPool(AsyncmyPool):
    driver = aiomysql


def is_open(conn: Any) -> bool:
    """Whether a connection wasn't given up, as far as its driver knows."""
    return bool(conn.connected) if hasattr(conn, "connected") else not conn.closed


class SessionAsyncmy(SQLAlchemySession):
    driver = "asyncmy"


class ConnectionAsyncmy(SQLAlchemyConnection):
    driver = "asyncmy"


class SessionAiomysql(SQLAlchemySession):
    """A fresh session, which begins by itself: the block only ends the transaction."""

    driver = "aiomysql"

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self.conn)
