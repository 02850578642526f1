"""A draw whose coroutine is closed in mid-air: nobody commits without its number."""

from __future__ import annotations

import asyncio
import sqlite3
import time

import pytest

from aseq import AsyncSequence
from tests import clients
from tests.cases import Case
from tests.database import Database


@pytest.fixture(params=[clients.Aiosqlite, clients.Sqlite3])
def lite(request: pytest.FixtureRequest) -> Case:
    """The connections whose statements end in a thread, whoever looks at the answer."""
    return Case(request.param, "sqlite")


async def test_when_the_thread_is_done(lite: Case, tmp_path: object) -> None:
    database = Database(lite, f"{tmp_path}/aseq.db")
    database.create_tables()
    seq = AsyncSequence("invoices")
    async with database.connect() as client:
        raw = client.conn if lite.client is clients.Sqlite3 else client.conn._conn
        await client.execute("BEGIN IMMEDIATE")
        before, draw = raw.total_changes, seq.next_value(client.conn)
        future = draw.send(None)
        for _ in range(3):
            await asyncio.sleep(0)  # the statement is sent
        end = time.monotonic() + 20
        while raw.total_changes == before:  # and the event loop doesn't look
            assert time.monotonic() < end, "the statement didn't end"
        future._asyncio_future_blocking = False
        await asyncio.wait({future})
        draw.close()
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            await client.save("invoices", 2)
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            await client.execute("COMMIT")
        await client.execute("ROLLBACK")
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1

    assert database.last("invoices") == 1


@pytest.mark.parametrize("kind", [clients.Asyncpg, clients.AsyncpgPool, clients.Psycopg])
async def test_on_postgresql(kind: type[clients.Client], postgres: str, name: str) -> None:
    database = Database(Case(kind, "postgresql"), postgres)
    database.create_tables()
    seq = AsyncSequence(name)
    async with database.connect() as client:
        await client.execute("BEGIN")
        draw = seq.next_value(client.conn)
        answer = draw.send(None)
        draw.close()
        answer.add_done_callback(asyncio.Future.exception)  # nobody else looks at it
        with pytest.raises(Exception, match=r"closed|lost|released"):
            await client.save(name, 1)

    assert database.last(name) is None
