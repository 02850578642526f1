"""A draw of a child task is still under way when its block ends, cancelled or not.

Nobody will have its number, so the block must not commit; and whoever gets the connection
from the pool next must find it in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
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

pytestmark = pytest.mark.only(awaited=True)


class Hasty(Exception):
    pass


async def leave(client: Any, stall: Stall, late: bool, draw: Awaitable[int], how: str) -> None:
    """End the block while the draw is under way."""
    async with client.transaction():
        task = asyncio.ensure_future(draw)
        await stall.reached()
        if late:
            stall.release_unnoticed()
        if how != "not cancelled":
            task.cancel()
        if not late:
            stall.release_if_it_cannot_be_interrupted()
        if how == "raises":
            raise Hasty


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "late"])
@pytest.mark.parametrize("how", ["commits", "raises", "not cancelled"])
async def test_the_block_ends_first(
    database: Database, name: str, how: str, late: bool
) -> None:
    if not issubclass(database.case.client, SQLAlchemySession):
        pytest.skip("elsewhere either the driver keeps the COMMIT back, or nothing does")
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):
        async with stall.holding():
            with anyio.fail_after(DEADLINE), pytest.raises((Hasty, SQLAlchemyError)):
                await leave(client, stall, late, seq.next_value(client.conn), how)
            await client.conn.close()
        await others_are_well(client, name)
        await assert_free(database, name)


async def others_are_well(client: Any, name: str) -> None:
    """Each connection that the pool has left does what its users want."""
    async with client.engine.connect() as conn:
        number = await AsyncSequence(name).next_value(conn)
        await conn.exec_driver_sql(f"INSERT INTO saved VALUES ('{name}', {number})")
        await conn.commit()
