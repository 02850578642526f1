"""Many different names in one transaction: each takes a slot of the server's lock table."""

from __future__ import annotations

import logging
from typing import Any

import asyncpg
import psycopg
import pytest

from aseq import AsyncSequence, _tally, create_table
from aseq._tally import QueueCounter
from devtools.postgres import postgres_server
from tests.logged import events

NAMES = _tally.QUEUED.limit


@pytest.fixture(autouse=True)
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """What is logged at WARNING and above. Each server counts its transactions anew."""
    monkeypatch.setattr(_tally, "QUEUED", QueueCounter(NAMES, 256))
    caplog.set_level(logging.WARNING, logger="aseq")
    return caplog


async def draw_from_each(conn: Any, names: int) -> None:
    for number in range(names):
        await AsyncSequence(f"case-{number}").next_value(conn)


async def test_a_thousand_names_leave_room_for_others(log: pytest.LogCaptureFixture) -> None:
    with postgres_server(max_connections=100) as server:
        async with await psycopg.AsyncConnection.connect(server.dsn) as conn:
            await create_table(conn)
            await conn.commit()
            await draw_from_each(conn, NAMES)
            counted = await conn.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
            assert await counted.fetchone() == (NAMES,)
            assert log.messages == []
            await draw_from_each(conn, NAMES + 100)
            assert events(log) == ["many_sequences"]

            other = await asyncpg.connect(server.dsn)
            async with other.transaction():
                assert await AsyncSequence("invoices").next_value(other) == 1
            await other.close()
            assert events(log) == ["many_sequences"]
            await conn.rollback()

            counted = await conn.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            )
            assert await counted.fetchone() == (0,)


async def test_a_full_table_is_explained() -> None:
    with postgres_server(max_connections=10, max_locks_per_transaction=10) as server:
        async with await psycopg.AsyncConnection.connect(server.dsn) as conn:
            await create_table(conn)
            await conn.commit()
            with pytest.raises(psycopg.errors.OutOfMemory) as caught:
                await draw_from_each(conn, 20_000)
            assert caught.value.sqlstate == "53200"
            [note] = caught.value.__notes__
            assert "lock table may be full" in note
            assert "fair=False" in note
            await conn.rollback()

            assert await AsyncSequence("case-0", fair=False).next_value(conn) == 1
            await conn.commit()
