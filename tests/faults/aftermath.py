"""What must hold whatever happened to a draw."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio

from aseq import AsyncSequence, SequenceLocked
from tests import clients
from tests.clients import Client
from tests.database import Database
from tests.faults.attempts import asyncio_runs
from tests.proxy import DEADLINE


async def roll_back(client: Client) -> None:
    """Roll back what a block may have left open, as a user of the library would."""
    owner: Any = client if hasattr(client, "rollback") else client.conn
    if hasattr(owner, "rollback"):  # asyncpg has blocks only
        await owner.rollback()


async def commit_anyway(client: Client, name: str, draw: Callable[[], Awaitable[Any]]) -> None:
    """Draw in a transaction, save what was drawn, and commit whatever was raised.

    It is rolled back only if the commit itself is refused. A connection of SQLAlchemy
    forgets its transaction even then: there, closing it is what ends the transaction.
    """
    failures: list[Exception] = []
    try:
        async with client.transaction():
            try:
                number = await draw()
            except Exception as exc:
                failures.append(exc)
                raise
            with suppress(Exception):
                if number is not None:
                    await client.save(name, number)
                await client.save(f"{name}-other", 0)
    except Exception:
        if isinstance(client, clients.SQLAlchemyConnection):
            await client.conn.close()
            client.conn = await client.engine.connect()
        await roll_back(client)
    for failure in failures:
        raise failure


def assert_gapless(database: Database, name: str) -> None:
    """The committed rows are 1, 2, ... up to the committed last value, each once."""
    saved, last = database.chain(name)
    assert saved == list(range(1, (last or 0) + 1))


async def draw_and_save(client: Client, name: str, *, nowait: bool = False) -> int:
    """Take part in the sequence as everybody does."""
    async with client.transaction():
        number = await AsyncSequence(name).next_value(client.conn, nowait=nowait)
        await client.save(name, number)
    return number


async def assert_free(database: Database, name: str) -> None:
    """Another connection gets the next number without waiting, and nothing is missing.

    A server may take a moment to notice that a connection was closed.
    """
    if database.case.dialect == "sqlite" and asyncio_runs():
        await _end_lost_closings()
    async with database.connect() as other:
        with anyio.fail_after(DEADLINE):
            while True:
                try:
                    await draw_and_save(other, name, nowait=True)
                    break
                except SequenceLocked:
                    await anyio.sleep(0.01)
    assert_gapless(database, name)


async def _end_lost_closings() -> None:
    """End what waits for a thread of aiosqlite's that has ended, and would do so forever.

    A second cancellation makes SQLAlchemy stop the thread while a task of its own closes
    the connection. Cancelled once, at the end of the loop, the task keeps that from ending.
    """
    with anyio.fail_after(DEADLINE):
        while closings := [task for task in asyncio.all_tasks() if _closes(task)]:
            for task in closings:
                frame: Any = getattr(task.get_coro(), "cr_frame", None)
                if frame and not frame.f_locals["self"]._connection._thread.is_alive():
                    task.cancel()
            await anyio.sleep(0.01)


def _closes(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "__name__", "") == "_terminate_graceful_close"


async def assert_usable(database: Database, client: Client, name: str) -> None:
    """The same connection goes on with the next number.

    What that is, nobody knows before: a COMMIT may be on its way on a connection given up.
    """
    number = await draw_and_save(client, name)
    assert database.chain(name) == (list(range(1, number + 1)), number)
