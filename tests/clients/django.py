"""PostgreSQL through django-async-backend. (It needs Python 3.12, and Django its settings.)"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import AbstractAsyncContextManager
from typing import Any

import django
from django.apps import apps

from .base import Client


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

    without_table = " in this database: run `manage.py migrate`"

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
