"""Django: `aatomic` blocks, and django-async-backend. (That one needs Python 3.12.)"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import Context
from typing import Any, TypeVar

import anyio
import django
from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.apps import apps
from django.db import connections
from django.db.utils import ConnectionHandler

from .base import Client

T = TypeVar("T")

WITHOUT_TABLE = (
    " in this database: run `manage.py migrate`. (A migration that draws numbers must depend "
    'on ("aseq", "0001_initial").) If the table is missing after that, '
    "`manage.py check --database default` says why"
)


def set_up() -> None:
    """Django in this process, in the project of tests/django unless it is there already."""
    if not apps.ready:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django.settings"
        django.setup()


class AsyncBackend(Client):
    """``async_connections[alias]``, under an alias of its own.

    The backend lets one task use a connection. The contract suite uses it from others, as
    what it cancels, and as what waits; so here the backend doesn't look whose it is.
    """

    without_table = WITHOUT_TABLE

    async def open(self) -> None:
        set_up()
        from django_async_backend.db import async_connections
        from django_async_backend.db.utils import AsyncConnectionHandler

        from tests.django.settings import postgres

        self.alias = f"client_{secrets.token_hex(8)}"
        backend = {"ENGINE": "django_async_backend.db.backends.postgresql"}
        handler = AsyncConnectionHandler(
            {"default": {}, self.alias: postgres(self.url) | backend}
        )
        self.conn = handler.create_connection(self.alias)
        self.conn.validate_task_sharing = asyncio.current_task
        async_connections[self.alias] = self.conn

    async def close(self) -> None:
        await self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        from django_async_backend.db.transaction import async_atomic

        block: AbstractAsyncContextManager[object] = async_atomic(self.alias)
        return block

    savepoint = transaction

    async def execute(self, sql: str) -> None:
        async with await self.conn.cursor() as cursor:
            await cursor.execute(sql)

    async def scalar(self, sql: str) -> Any:
        async with await self.conn.cursor() as cursor:
            await cursor.execute(sql)
            [value] = await cursor.fetchone()
        return value


class AatomicPostgres(Client):
    """`aatomic` in a request: in one thread with one connection. `conn` is the block."""

    without_table = WITHOUT_TABLE

    def settings(self) -> dict[str, Any]:
        from tests.django.settings import postgres

        return postgres(self.url)

    async def open(self) -> None:
        set_up()
        self.alias = f"client_{secrets.token_hex(8)}"
        handler = ConnectionHandler({"default": {}, self.alias: self.settings()})
        connections.settings[self.alias] = handler.settings[self.alias]
        self._request = ThreadSensitiveContext()
        current = SyncToAsync.thread_sensitive_context
        self._request.token = Context().run(current.set, self._request)  # it is open
        self.wrapper = await self._hop(lambda: connections[self.alias])
        self.conn = None
        async with self.transaction():
            block = self.conn
        self.conn = block  # one that is over

    async def close(self) -> None:
        if self.alias in connections.settings:  # it isn't closed yet
            with anyio.CancelScope(shield=True):
                await self._hop(self.wrapper.close)
            SyncToAsync.context_to_thread_executor.pop(self._request).shutdown(wait=False)
            del connections.settings[self.alias]

    @contextmanager
    def _in_request(self) -> Iterator[None]:
        token = SyncToAsync.thread_sensitive_context.set(self._request)
        try:
            yield
        finally:
            SyncToAsync.thread_sensitive_context.reset(token)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        from aseq.django import aatomic

        block = aatomic(self.alias)
        with self._in_request():
            entered = await block.__aenter__()
        outer, self.conn = self.conn, entered
        try:
            yield
        except BaseException as exc:
            self.conn = outer
            await block.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        self.conn = outer
        await block.__aexit__(None, None, None)

    savepoint = transaction

    async def execute(self, sql: str) -> None:
        await self._hop(lambda: self._run(sql))

    async def scalar(self, sql: str) -> Any:
        return await self._hop(lambda: self._run(sql)[0][0])

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    async def _hop(self, work: Callable[[], T]) -> T:
        with self._in_request():
            result: T = await sync_to_async(work)()
        return result


class AatomicSqlite(AatomicPostgres):
    def settings(self) -> dict[str, Any]:
        from tests.django.settings import sqlite

        return sqlite(self.url)


class AatomicMariadb(AatomicPostgres):
    """On PyMySQL."""

    def settings(self) -> dict[str, Any]:
        from tests.django.settings import mariadb

        return mariadb(self.url)


class AatomicMysql(AatomicMariadb):
    """On a server of the same protocol."""


class AatomicMysqlclient(AatomicPostgres):
    """On MariaDB and MySQL, through mysqlclient."""

    needs_mysqlclient = True

    def settings(self) -> dict[str, Any]:
        from tests.django.settings import mariadb

        return mariadb(self.url, "mysqlclient")
