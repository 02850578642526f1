"""PostgreSQL through psycopg's sync connection, in worker threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import anyio
import psycopg

from .base import Client, ended, in_thread


class PsycopgThread(Client):
    """psycopg's sync connection, in worker threads; on trio too. It begins by itself."""

    autocommit: ClassVar[bool] = False

    async def open(self) -> None:
        connect = partial(psycopg.connect, self.url, autocommit=self.autocommit)
        self.conn = await in_thread(connect)

    async def close(self) -> None:
        self.conn.close()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        block = ExitStack()
        try:
            await in_thread(lambda: block.enter_context(self.conn.transaction()))
            yield
            await in_thread(block.close)
        except BaseException as exc:  # even a cancellation before its COMMIT was sent
            leave = partial(block.__exit__, type(exc), exc, exc.__traceback__)
            with anyio.CancelScope(shield=True):
                await in_thread(leave)
            raise

    async def execute(self, sql: str) -> None:
        await in_thread(lambda: self.conn.execute(sql))

    async def scalar(self, sql: str) -> Any:
        return await in_thread(lambda: self.conn.execute(sql).fetchone()[0])

    async def commit(self) -> None:
        await in_thread(self.conn.commit)

    async def rollback(self) -> None:
        await in_thread(self.conn.rollback)


class PsycopgThreadBlock(PsycopgThread):
    """In autocommit mode, inside `with conn.transaction():`."""

    autocommit = True

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self.savepoint()
