"""Transactions and savepoints that are rolled back, and connections that are told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TypeVar

from tests.clients import Client

T = TypeVar("T")


class Undo(Exception):
    """Leaves a block in order to roll it back."""


@asynccontextmanager
async def undone(block: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """What happens inside the block is rolled back at its end."""
    with suppress(Undo):
        async with block as entered:
            yield entered
            raise Undo


async def backend_pid(client: Client) -> int:
    """What a server calls a connection: with PostgreSQL, the process that serves it."""
    ask = "connection_id()" if client.url.startswith("mysql:") else "pg_backend_pid()"
    async with client.transaction():
        pid: int = await client.scalar(f"SELECT {ask}")
    return pid
