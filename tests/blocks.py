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
    """The process that serves a PostgreSQL connection."""
    async with client.transaction():
        pid: int = await client.scalar("SELECT pg_backend_pid()")
    return pid
