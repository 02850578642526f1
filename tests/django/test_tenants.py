"""A tenant's schema, set on a connection that isn't the block's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connections

from aseq import AsyncSequence
from aseq.django import aatomic, get_next_value
from aseq.django.errors import NotInTransaction

Draw = Callable[[Any, str], Awaitable[int]]
DRAWS: dict[str, Draw] = {
    "function": lambda tx, name: get_next_value(name),
    "sequence": lambda tx, name: AsyncSequence(name).next_value(tx),
}


@pytest.fixture(params=DRAWS)
def draw(request: pytest.FixtureRequest) -> Draw:
    """How a number is drawn in a block."""
    return DRAWS[request.param]


@pytest.fixture(autouse=True)
def _tenants(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connections as django-tenants has them, and a schema with the tables."""
    monkeypatch.setattr(type(connections["default"]), "schema_name", "public", raising=False)
    with connections["default"].cursor() as cursor:
        cursor.execute("CREATE SCHEMA south")
        cursor.execute("CREATE TABLE south.aseq_sequence (LIKE aseq_sequence INCLUDING ALL)")
    yield
    set_schema("public")
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP SCHEMA south CASCADE")


def set_schema(name: str) -> None:
    """As django-tenants' `connection.set_schema`."""
    connection = connections["default"]
    connection.schema_name = name
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {name}")


def drawn(name: str, schema: str) -> int | None:
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT last FROM {schema}.aseq_sequence WHERE name = %s", [name])
        row = cursor.fetchone()
        return row and row[0]


async def issue(name: str, draw: Draw, schema: str | None = None) -> int:
    async with aatomic() as tx:
        if schema is not None:
            await sync_to_async(set_schema)(schema)
        async with aatomic():
            pass
        return await draw(tx, name)


async def closing(work: Awaitable[Any]) -> None:
    try:
        await work
    finally:
        await sync_to_async(connections.close_all)()


def test_set_where_async_code_runs_outside_of_blocks(name: str, draw: Draw) -> None:
    async def worker() -> None:
        await sync_to_async(set_schema)("south")
        with pytest.raises(NotInTransaction, match="'south' outside the block, but 'public'"):
            await issue(name, draw)
        assert await issue(name, draw, "south") == 1
        await sync_to_async(set_schema)("public")
        assert await issue(name, draw) == 1

    asyncio.run(closing(worker()))
    assert (drawn(name, "south"), drawn(name, "public")) == (1, 1)


def test_set_by_sync_code_around_the_event_loop(name: str, draw: Draw) -> None:
    set_schema("south")
    with pytest.raises(NotInTransaction, match="'south' outside the block, but 'public'"):
        asyncio.run(issue(name, draw))
    assert asyncio.run(issue(name, draw, "south")) == 1
    assert (drawn(name, "south"), drawn(name, "public")) == (1, None)


def test_under_sync_code_the_connection_is_the_same(name: str, draw: Draw) -> None:
    set_schema("south")
    assert async_to_sync(issue)(name, draw) == 1
    assert (drawn(name, "south"), drawn(name, "public")) == (1, None)


def test_in_a_request_too(name: str, draw: Draw) -> None:
    async def request() -> None:
        async with ThreadSensitiveContext():
            await sync_to_async(set_schema)("south")
            await closing(issue(name, draw))

    asyncio.run(request())
    assert (drawn(name, "south"), drawn(name, "public")) == (1, None)


def test_a_busy_thread_isnt_waited_for(name: str, draw: Draw) -> None:
    """That of other tasks' sync code: then nothing is noticed."""
    busy, go_on = threading.Event(), threading.Event()

    def occupy() -> None:
        busy.set()
        assert go_on.wait(20)

    async def worker() -> None:
        occupied = asyncio.create_task(sync_to_async(occupy)())
        await asyncio.to_thread(busy.wait, 20)
        try:
            assert await asyncio.wait_for(issue(name, draw), 20) == 1
        finally:
            go_on.set()
        await occupied

    asyncio.run(closing(worker()))
