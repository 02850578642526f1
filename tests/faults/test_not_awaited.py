"""A draw of a child task is still under way when its block ends, cancelled or not.

Nobody will have its number, so the block must not commit; and whoever gets the connection
from the pool next must find it in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from sqlalchemy.exc import SQLAlchemyError

from aseq import AsyncSequence
from tests.clients import SQLAlchemySession
from tests.database import Database
from tests.faults.aftermath import assert_free
from tests.faults.stalls import Stall, stallable
from tests.proxy import DEADLINE

# Elsewhere either the driver keeps the COMMIT back, or nothing does.
pytestmark = pytest.mark.only(awaited=True, client=SQLAlchemySession)


class Hasty(Exception):
    pass


async def leave(
    client: Any, stall: Stall, late: bool, how: str, begin: Callable[[], asyncio.Task[int]]
) -> None:
    """End the block while the draw is under way."""
    async with client.transaction():
        draw = begin()
        await stall.reached()
        if late:
            stall.release_unnoticed()
        if how != "not cancelled":
            draw.cancel()
        if not late:
            stall.release_if_it_cannot_be_interrupted()
        if how == "raises":
            raise Hasty


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "late"])
@pytest.mark.parametrize("how", ["commits", "raises", "not cancelled"])
async def test_the_block_ends_first(
    database: Database, name: str, how: str, late: bool
) -> None:
    async with stallable(database, name) as (client, stall), stall.holding():
        draws = list[asyncio.Task[int]]()

        def begin() -> asyncio.Task[int]:
            draws.append(asyncio.create_task(AsyncSequence(name).next_value(client.conn)))
            return draws[0]

        with anyio.fail_after(DEADLINE), pytest.raises((Hasty, SQLAlchemyError)):
            await leave(client, stall, late, how, begin)
        await client.conn.close()
        with suppress(asyncio.CancelledError, Exception):
            await draws[0]
        stall.release()
        await others_are_well(client, name)
        await assert_free(database, name)


async def others_are_well(client: Any, name: str) -> None:
    """Each connection that the pool has left does what its users want."""
    async with client.engine.connect() as conn:
        number = await AsyncSequence(name).next_value(conn)
        await conn.exec_driver_sql(f"INSERT INTO saved VALUES ('{name}', {number})")
        await conn.commit()
