"""The private names of psycopg that aseq needs, and what it takes for granted about them."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from aseq.adapters._psycopg import HeldCursor, HeldSyncCursor
from aseq.adapters.psycopg import HeldAsyncCursor

LOCK = (
    "psycopg changed: aseq takes `connection.lock` for longer than psycopg does, so that no "
    "task's savepoint comes between a draw and the abort of its transaction. Find what keeps "
    "two tasks' statements apart now, and hold that in PsycopgExecutor.hold() and in "
    "PsycopgThreadExecutor's lease."
)
GENERATORS = (
    "psycopg changed: HeldCursor.held_execute_gen() does what Cursor.execute() does under the "
    "lock, by `connection.wait`, `cursor._execute_gen`, and in a pipeline `_sync_gen` and "
    "`_fetch_gen`. Look at what Cursor.execute() and Pipeline.sync() call now."
)
SENDING = (
    "psycopg changed: `cursor._convert_query` isn't the last thing before a statement is sent, "
    "and after psycopg's own BEGIN, any more. aseq must know whether anything was sent: find "
    "another place for HeldCursor.before_sending."
)


async def test_the_lock_keeps_statements_apart(postgres: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres) as conn:
        assert isinstance(conn.lock, asyncio.Lock), LOCK
        async with conn.lock:
            for method in (conn.execute("SELECT 1"), conn.commit(), conn.rollback()):
                waiting = asyncio.ensure_future(method)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert not waiting.done(), LOCK
                waiting.cancel()
            assert conn.info.transaction_status is TransactionStatus.IDLE, LOCK
    with psycopg.connect(postgres) as other:
        assert isinstance(other.lock, type(threading.Lock())), LOCK


@pytest.mark.parametrize("kind", [HeldAsyncCursor, HeldSyncCursor])
def test_the_generators(kind: type[Any], postgres: str) -> None:
    for name in ("_execute_gen", "_convert_query"):
        own = getattr(psycopg.AsyncCursor, name, None)
        assert own is not None, GENERATORS
        parameters = list(inspect.signature(own).parameters)
        assert parameters[:3] == ["self", "query", "params"], GENERATORS
    assert inspect.isgeneratorfunction(psycopg.AsyncCursor._execute_gen), GENERATORS
    assert kind._convert_query is HeldCursor._convert_query, SENDING
    with psycopg.connect(postgres) as conn, conn.pipeline():
        pipeline: Any = conn._pipeline
        assert pipeline is not None, GENERATORS
        for name in ("_sync_gen", "_fetch_gen"):
            assert inspect.isgeneratorfunction(getattr(pipeline, name, None)), GENERATORS
        conn.execute("SELECT 1")
        assert pipeline.result_queue, GENERATORS
        assert len(pipeline.command_queue) == 0, GENERATORS


@pytest.mark.parametrize("threshold", [None, 0])
async def test_the_last_moment_before_sending(postgres: str, threshold: int | None) -> None:
    conn: Any
    async with await psycopg.AsyncConnection.connect(postgres) as conn:
        conn.prepare_threshold = threshold
        seen: list[TransactionStatus] = []

        def refuse() -> None:
            seen.append(conn.info.transaction_status)
            raise ZeroDivisionError

        cursor = HeldAsyncCursor(conn)
        cursor.before_sending = refuse
        async with conn.lock:
            with pytest.raises(ZeroDivisionError):
                await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (77,))
        assert seen == [TransactionStatus.INTRANS], SENDING
        held = await conn.execute("SELECT FROM pg_locks WHERE objid = 77")
        assert held.rowcount == 0, SENDING
        with pytest.raises(UnicodeEncodeError):
            async with conn.lock:
                await cursor.execute("SELECT %s", ("\ud800",))
        assert len(seen) == 1, SENDING
