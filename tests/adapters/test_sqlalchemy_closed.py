"""A draw whose coroutine is closed in mid-air: nobody commits without its number."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from aseq import AsyncSequence, NotInTransaction
from aseq._loss import UNUSABLE_NOTE
from aseq.sqlalchemy import begin_immediate
from tests.adapters.sqlalchemy_setups import (
    create_tables,
    engine_for,
    last,
    sqlite_url,
    url_of,
)

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"


def resume(coroutine: Coroutine[Any, Any, object]) -> asyncio.Future[object]:
    """Let it run to its next await, as a task would; what it waits for."""
    future: asyncio.Future[object] = coroutine.send(None)
    future._asyncio_future_blocking = False
    return future


@pytest.mark.parametrize("recipe", [begin_immediate, lambda engine: engine])
async def test_on_sqlite_when_the_answer_is_there(tmp_path: Path, recipe: Any) -> None:
    url, seq = sqlite_url(tmp_path / "aseq.db"), AsyncSequence("invoices")
    await create_tables(url)
    async with engine_for(url) as engine, AsyncSession(recipe(engine)) as session:
        draw = seq.next_value(session)
        for _ in ("prepared", "drawn"):
            await asyncio.wait({resume(draw)}, timeout=20)
        draw.close()
        with pytest.raises(exc.DatabaseError, match="not authorized"):
            await session.execute(text("INSERT INTO saved VALUES ('invoices', 1)"))
        with pytest.raises(exc.PendingRollbackError, match="that nobody got"):
            await session.commit()
        await session.rollback()
        assert await seq.next_value(session) == 1
        await session.commit()

    assert await last(url, "invoices") == 1


async def test_on_sqlite_before_anything_is_sent(tmp_path: Path) -> None:
    url, seq = sqlite_url(tmp_path / "aseq.db"), AsyncSequence("invoices")
    await create_tables(url)
    async with engine_for(url) as engine, AsyncSession(engine) as session:
        draw = seq.next_value(session)
        await asyncio.wait({resume(draw)}, timeout=20)
        resume(draw)  # the task that is to send the statement hasn't begun
        draw.close()
        await session.execute(text("INSERT INTO saved VALUES ('invoices', 0)"))
        await session.commit()
        assert await seq.next_value(session) == 1


# With asyncpg, SQLAlchemy itself waits for the connection to end, which Python refuses.
@pytest.mark.parametrize("engine", ["psycopg"], indirect=True)
async def test_on_postgresql_while_it_waits(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as holder, AsyncSession(engine) as session:
        await seq.next_value(holder)
        await session.execute(text("SELECT 1"))
        draw = seq.next_value(session)
        answer = resume(draw)
        async with asyncio.timeout(20):
            while not await holder.scalar(text(WAITING)):
                answer = resume(draw) if answer.done() else answer
        draw.close()
        with pytest.raises((exc.PendingRollbackError, exc.OperationalError)):
            await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 1)"))
        await holder.rollback()
        await session.rollback()
        assert await seq.next_value(session) == 1
        await session.commit()

    assert await last(url_of(engine), name) == 1


@pytest.mark.parametrize("recipe", [begin_immediate, lambda engine: engine])
async def test_a_commit_that_is_refused_leaves_nothing_to_the_next(
    tmp_path: Path, recipe: Any
) -> None:
    """After a failed COMMIT, SQLAlchemy gives the connection back to its pool as it is."""
    url, seq = sqlite_url(tmp_path / "aseq.db"), AsyncSequence("invoices")
    await create_tables(url)
    async with engine_for(url, pool_size=1, max_overflow=0) as engine:
        recipe(engine)
        async with AsyncSession(engine) as session:
            draw = seq.next_value(session)
            for _ in ("prepared", "drawn"):
                await asyncio.wait({resume(draw)}, timeout=20)
            draw.close()
            with pytest.raises(exc.PendingRollbackError, match="that nobody got"):
                await session.commit()
        async with AsyncSession(engine) as another:
            await another.execute(text("INSERT INTO saved VALUES ('invoices', 1)"))
            assert await seq.next_value(another) == 1
            await another.commit()

    assert await last(url, "invoices") == 1


@pytest.mark.parametrize("engine", ["asyncpg"], indirect=True)
@pytest.mark.parametrize("first", ["draw", "row"])
async def test_a_connection_that_was_left_inside_of_a_transaction(
    engine: AsyncEngine, name: str, first: str
) -> None:
    """SQLAlchemy's is then a savepoint of that one: it ends well, and saves nothing.

    If this fails, SQLAlchemy's or asyncpg's private names have changed: see
    `_check_not_nested` in adapters/sqlalchemy/_on_postgresql.py.
    """
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as session:
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.transaction().start()
        if first == "row":
            await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 0)"))
        with pytest.raises(NotInTransaction, match="inside a transaction that was never"):
            await seq.next_value(session)
        with pytest.raises(exc.DBAPIError):
            await session.commit()

    async with AsyncSession(engine) as session, session.begin():
        number = await seq.next_value(session)
        await session.execute(text(f"INSERT INTO saved VALUES ('{name}', {number})"))
    assert await last(url_of(engine), name) == number == 1


@pytest.mark.parametrize("engine", ["psycopg"], indirect=True)
async def test_a_connection_that_another_task_talks_on_is_hung_up_on(
    engine: AsyncEngine, name: str
) -> None:
    """To close it would free what libpq is working with, and crash the process."""
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as session:
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection

        def lose(_: object, __: object, statement: str, *___: object) -> None:
            if "aseq_sequence" in statement:
                with suppress(StopIteration):  # it is free: nothing to wait for
                    driver.lock.acquire().send(None)
                raise ZeroDivisionError

        event.listen(engine.sync_engine, "after_cursor_execute", lose)
        with pytest.raises(ZeroDivisionError) as caught:
            await seq.next_value(session)
        event.remove(engine.sync_engine, "after_cursor_execute", lose)
        assert not driver.closed  # the other task hears of it, and closes it
        driver.lock.release()
        with pytest.raises(exc.DBAPIError):
            await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 1)"))

    assert caught.value.__notes__ == [UNUSABLE_NOTE]
    async with AsyncSession(engine) as session, session.begin():
        assert await seq.next_value(session) == 1
