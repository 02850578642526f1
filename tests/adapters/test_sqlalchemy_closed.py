"""A call whose coroutine is closed in mid-air: nobody can commit without its number."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncSession

from aseq import AsyncSequence
from tests.adapters.sqlalchemy_setups import (
    DRIVERS,
    create_tables,
    engine_for,
    last,
    postgres_url,
    sqlite_url,
)


async def closed_when(call: Any, reached: Any) -> None:
    """Start the call, close its coroutine once a state is reached, and let the loop go on."""
    task = asyncio.create_task(call)
    async with asyncio.timeout(10):
        while not reached():
            await asyncio.sleep(0)
        call.close()
        # The task finds out that its coroutine is gone when it is told to go on.
        await asyncio.wait({task}, timeout=0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or task.exception() is not None


async def test_on_sqlite_while_it_waits_for_the_lock(tmp_path: Path) -> None:
    path, seq = tmp_path / "aseq.db", AsyncSequence("invoices")
    await create_tables(sqlite_url(path))
    async with engine_for(sqlite_url(path)) as engine, AsyncSession(engine) as session:
        await session.connection()
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            call = seq.next_value(session)
            sent = (await session.connection()).sync_connection
            await closed_when(call, lambda: waits(sent))
            holder.execute("COMMIT")
        with pytest.raises(exc.DatabaseError, match="not authorized"):
            await session.execute(text("INSERT INTO saved VALUES ('invoices', 1)"))
        await session.rollback()
        assert await seq.next_value(session) == 1
        await session.commit()

    assert await last(sqlite_url(path), "invoices") == 1
