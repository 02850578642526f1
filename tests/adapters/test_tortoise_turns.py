"""Tasks on one client of Tortoise take turns, and a draw in its turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aseq import AsyncSequence, UnsupportedConnection
from tests.adapters.kinds import KINDS, SERVERS
from tests.cases import Case
from tests.clients import TortoiseAsyncmy, sqlite_file
from tests.database import Database
from tests.faults.aftermath import assert_usable
from tests.faults.stalls import stallable


@pytest.fixture(params=KINDS, ids=lambda kind: kind[0].__name__)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    client, dialect = request.param
    server = SERVERS.get(dialect)
    url = request.getfixturevalue(server) if server else sqlite_file(tmp_path)
    database = Database(Case(client, dialect), url)
    database.create_tables()
    return database


async def test_the_block_ends_while_a_task_waits_for_its_turn(
    database: Database, name: str
) -> None:
    """The client that it waits for still runs statements, in nobody's transaction."""
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            turn = client.conn.acquire_connection()
            await turn.__aenter__()
            drawing = asyncio.ensure_future(seq.next_value(client.conn))
            for _ in range(5):
                await asyncio.sleep(0)
        await turn.__aexit__(None, None, None)
        with pytest.raises(UnsupportedConnection, match="its block has ended"):
            await drawing

    assert database.last(name) is None


async def test_a_lost_number_is_told_in_the_clients_turn(
    database: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A second statement that has waited comes first. The connection isn't given up."""
    if database.case.client is TortoiseAsyncmy:
        pytest.skip("there it is given up")
    seq = AsyncSequence(name)
    caplog.set_level("INFO", "aseq")
    async with stallable(database, name) as (client, stall):
        async with client.transaction(), stall.holding():
            first = asyncio.ensure_future(seq.next_value(client.conn))
            await stall.reached()
            second = asyncio.ensure_future(client.execute("SELECT 1"))
            for _ in range(5):
                await asyncio.sleep(0)
            first.cancel()
            stall.release_if_it_cannot_be_interrupted()
            with pytest.raises(asyncio.CancelledError):
                await first
            await asyncio.gather(second, return_exceptions=True)
        told = [vars(r)["aseq_event"] for r in caplog.records if r.name == "aseq"]
        assert told[0] == "number_lost"
        assert "connection_closed" not in told
        await assert_usable(database, client, name)
