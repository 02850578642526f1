"""Several tasks on one connection: nobody is harmed, whatever the driver makes of it."""

from __future__ import annotations

import anyio
import pytest

from aseq import AsyncSequence
from tests.database import Database

pytestmark = pytest.mark.only(awaited=True)  # in sync code, one thread at a time

TASKS = 5


@pytest.mark.parametrize("nowait", [False, True])
async def test_each_gets_a_number_of_its_own_or_the_drivers_error(
    database: Database, name: str, nowait: bool
) -> None:
    seq, drawn, errors = AsyncSequence(name), list[int](), list[Exception]()
    async with database.connect() as client:

        async def draw() -> None:
            try:
                drawn.append(await seq.next_value(client.conn, nowait=nowait))
            except Exception as exc:
                errors.append(exc)

        async with client.transaction():
            await client.save(name, 0)  # a new AsyncSession turns two first users away
            async with anyio.create_task_group() as group:
                for _ in range(TASKS):
                    group.start_soon(draw)
            for number in drawn:
                await client.save(name, number)
        async with client.transaction():
            following = await seq.next_value(client.conn)

    # asyncpg turns a second task away; the others let it wait for its turn.
    turned_away = 0 if client.shares_connections else TASKS - 1
    assert [type(error).__name__ for error in errors] == ["InterfaceError"] * turned_away
    assert database.saved(name) == list(range(TASKS - turned_away + 1))
    assert following == TASKS - turned_away + 1
