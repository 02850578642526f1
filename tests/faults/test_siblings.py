"""Tasks that share one transaction: what one of them lost, no other brings into a COMMIT."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.to_thread
import pytest

from aseq import AsyncSequence
from tests import clients
from tests.cases import Case
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_usable, commit_anyway, draw_and_save
from tests.logged import events
from tests.proxy import Proxy, proxy_before

pytestmark = pytest.mark.only(awaited=True)  # it cancels calls

KINDS = [
    clients.Psycopg,
    clients.PsycopgBlock,
    clients.PsycopgThread,
    clients.PsycopgThreadBlock,
    clients.TortoisePsycopg,
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def database(request: pytest.FixtureRequest, postgres: str) -> Database:
    database = Database(Case(request.param, "postgresql"), postgres)
    database.create_tables()
    return database


@asynccontextmanager
async def connected(database: Database, name: str) -> AsyncIterator[tuple[Client, Proxy]]:
    """A connection by way of a proxy, that has drawn and saved 1."""
    with proxy_before(database.url) as proxy:
        async with Database(database.case, proxy.url).connect() as client:
            await draw_and_save(client, name)
            yield client, proxy


async def fails_in_a_savepoint(client: Client) -> None:
    with suppress(Exception):
        async with client.savepoint():
            await client.execute("SELECT 1")
            await client.execute("SELECT 1/0")


@pytest.mark.skipif(
    not clients.ENDS_BLOCKS_THAT_NEVER_BEGAN, reason="the sibling's block spoils the connection"
)
@pytest.mark.parametrize("late", [False, True], ids=["unanswered", "answered"])
async def test_a_siblings_savepoint_brings_nothing_back(
    database: Database, name: str, late: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A savepoint that begins between a draw and the abort could be rolled back to."""
    caplog.set_level(logging.INFO, logger="aseq")
    seq = AsyncSequence(name)
    async with connected(database, name) as (client, proxy):

        async def draw() -> Any:
            await client.save(f"{name}-other", 0)  # the transaction has begun
            proxy.hold_answers()
            drawing = asyncio.create_task(seq.next_value(client.conn))
            await anyio.to_thread.run_sync(proxy.wait_for_answer)
            sibling = asyncio.create_task(fails_in_a_savepoint(client))
            for _ in range(20):
                await asyncio.sleep(0)
            if late:
                proxy.deliver()
            drawing.cancel()
            proxy.release()
            await asyncio.gather(drawing, sibling, return_exceptions=True)
            assert drawing.cancelled()
            return None

        await commit_anyway(client, name, draw)
        assert events(caplog)[0] == "number_lost"
        assert database.saved(f"{name}-other") == []
        await assert_free(database, name)
        await assert_usable(database, client, name)


async def test_a_block_left_by_itself_takes_the_lost_number_with_it(
    database: Database, name: str
) -> None:
    """A draw that is cancelled and not awaited: the end of its block comes behind the abort."""
    seq = AsyncSequence(name)
    async with connected(database, name) as (client, proxy):
        drawing: asyncio.Task[int] | None = None

        async def draw() -> Any:
            nonlocal drawing
            await client.save(f"{name}-other", 0)
            proxy.hold_answers()
            drawing = asyncio.create_task(seq.next_value(client.conn))
            await anyio.to_thread.run_sync(proxy.wait_for_answer)
            proxy.deliver()
            drawing.cancel()
            return None

        await commit_anyway(client, name, draw)
        await assert_usable(database, client, name)  # nothing hits the next transaction
        assert drawing is not None
        with pytest.raises(asyncio.CancelledError):
            await drawing
        await assert_usable(database, client, name)
        assert database.saved(f"{name}-other") == []
        await assert_free(database, name)
