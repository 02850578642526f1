"""SQLAlchemy's events, logging and errors are what they always are, and sessions live on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from aseq import AsyncSequence, SequenceExhausted, SequenceLocked
from aseq.sqlalchemy import begin_immediate
from tests.adapters.sqlalchemy_setups import (
    DRIVERS,
    create_tables,
    engine_for,
    last,
    postgres_url,
    sqlite_url,
    url_of,
)

MAX = 2**63 - 1


@pytest.fixture
async def lite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    async with engine_for(url, connect_args={"timeout": 0.05}) as engine:
        yield engine


def listen(engine: AsyncEngine) -> list[str]:
    """Every statement that the engine sends from now on."""
    statements: list[str] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    return statements


async def test_one_statement_per_number(engine: AsyncEngine, name: str) -> None:
    seq, looping = AsyncSequence(name), AsyncSequence(f"{name}-loop", reset_value=3)
    async with AsyncSession(engine) as session, session.begin():
        await session.execute(text("SELECT 1"))
        statements = listen(engine)
        await seq.next_value(session)
        await seq.next_value(session, nowait=True)
        await seq.next_values(session, 10)
        await looping.next_value(session)
        async with engine.connect() as conn:
            await looping.last_value(conn)

    assert len(statements) == 5
    assert all("aseq_sequence" in statement for statement in statements)


async def test_one_statement_per_number_on_sqlite(lite: AsyncEngine) -> None:
    begin_immediate(lite)
    async with AsyncSession(lite) as session, session.begin():
        await session.execute(text("SELECT 1"))
        statements = listen(lite)
        await AsyncSequence("invoices").next_value(session)

    assert len(statements) == 1


async def test_echo(lite: AsyncEngine, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy.engine.Engine"):
        async with AsyncSession(lite) as session, session.begin():
            await AsyncSequence(name).next_value(session)

    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert 'INSERT INTO "aseq_sequence"' in logged
    assert name in logged


async def test_errors_pass_unchanged(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as session:
        with pytest.raises(exc.DBAPIError):
            await session.execute(text("SELECT 1 / 0"))
        with pytest.raises(exc.DBAPIError) as caught:
            await seq.next_value(session)
        assert getattr(caught.value.orig, "sqlstate", None) == "25P02"
        await session.rollback()
        assert await seq.next_value(session) == 1


async def test_a_table_of_another_kind(engine: AsyncEngine, name: str) -> None:
    async with AsyncSession(engine) as session:
        await session.execute(text("CREATE TEMPORARY TABLE crooked (name text PRIMARY KEY)"))
        with pytest.raises(exc.ProgrammingError):
            await AsyncSequence(name, table="crooked").next_value(session)


async def test_usable_after_a_refusal_to_wait(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as holder, AsyncSession(engine) as session:
        await seq.next_value(holder)
        await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 0)"))
        for _ in range(2):
            with pytest.raises(SequenceLocked):
                await seq.next_value(session, nowait=True)
        await holder.commit()
        assert await seq.next_value(session, nowait=True) == 2
        await session.commit()

    assert await last(url_of(engine), name) == 2


async def test_usable_after_a_refusal_to_wait_on_sqlite(lite: AsyncEngine) -> None:
    seq = AsyncSequence("invoices")
    async with AsyncSession(lite) as holder, AsyncSession(lite) as session:
        await seq.next_value(holder)
        with pytest.raises(SequenceLocked) as caught:
            await seq.next_value(session, nowait=True)
        assert isinstance(caught.value.__cause__, exc.OperationalError)
        patience = await session.scalar(text("PRAGMA busy_timeout"))
        await holder.commit()
        assert await seq.next_value(session, nowait=True) == 2
        await session.commit()

    assert patience == 50


@pytest.mark.parametrize("opened", [AsyncSession, AsyncEngine.connect])
async def test_usable_when_sqlite_could_not_begin(lite: AsyncEngine, opened: Any) -> None:
    seq = AsyncSequence("invoices")
    begin_immediate(lite)
    async with AsyncSession(lite) as holder, opened(lite) as conn:
        await seq.next_value(holder)
        with pytest.raises(SequenceLocked):
            await seq.next_value(conn)
        await holder.commit()
        assert await seq.next_value(conn) == 2
        await conn.commit()


@pytest.mark.parametrize("fixture", ["engine", "lite"])
async def test_usable_at_the_end_of_a_sequence(
    fixture: str, postgres: str, tmp_path: Path, name: str
) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    url = url if fixture == "lite" else postgres_url(postgres, "asyncpg")
    seq = AsyncSequence(name, MAX)
    await create_tables(url)
    async with engine_for(url) as engine, AsyncSession(engine) as session:
        assert await seq.next_value(session) == MAX
        with pytest.raises(SequenceExhausted) as caught:
            await seq.next_value(session)
        await session.execute(text(f"INSERT INTO saved VALUES ('{name}', {MAX})"))
        await session.commit()

    assert caught.value.last == MAX
    assert await last(url, name) == MAX


async def test_many_tasks_on_one_session(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as session, session.begin():
        await session.connection()
        values = await asyncio.gather(*(seq.next_value(session) for _ in range(20)))

    assert sorted(values) == list(range(1, 21))
    assert await last(url_of(engine), name) == 20


async def test_many_tasks_on_one_session_on_sqlite(lite: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    async with AsyncSession(lite) as session, session.begin():
        await session.connection()
        values = await asyncio.gather(*(seq.next_value(session) for _ in range(20)))

    assert sorted(values) == list(range(1, 21))
    assert await last(url_of(lite), name) == 20


CLOSED = "Can't operate on closed transaction inside context manager"


@pytest.mark.parametrize("fixture", ["engine", "lite"])
async def test_a_transaction_that_ended_inside_its_block(
    fixture: str, postgres: str, tmp_path: Path, name: str
) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    url = url if fixture == "lite" else postgres_url(postgres, "psycopg")
    seq = AsyncSequence(name)
    await create_tables(url)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_for(url))
        session = await stack.enter_async_context(AsyncSession(engine))
        async with session.begin():
            await session.rollback()
            with pytest.raises(exc.InvalidRequestError, match=CLOSED):
                await seq.next_value(session)
        conn = await stack.enter_async_context(engine.connect())
        async with conn.begin():
            await conn.rollback()
            with pytest.raises(exc.InvalidRequestError, match=CLOSED):
                await seq.next_value(conn)

    assert await last(url, name) is None


async def test_sessions_and_connections_that_cannot_begin(lite: AsyncEngine) -> None:
    seq = AsyncSequence("invoices")
    async with AsyncSession(lite, autobegin=False) as session:
        with pytest.raises(exc.InvalidRequestError, match="Autobegin is disabled"):
            await seq.next_value(session)
    async with AsyncSession(lite, close_resets_only=False) as session:
        await session.close()
        with pytest.raises(exc.InvalidRequestError, match="permanently closed"):
            await seq.next_value(session)
    with pytest.raises(exc.InvalidRequestError, match="has not been started"):
        await seq.next_value(lite.connect())
    async with lite.connect() as conn:
        await conn.close()
        with pytest.raises(exc.ResourceClosedError):
            await seq.next_value(conn)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_transaction_whose_connection_was_invalidated(
    postgres: str, driver: str, name: str
) -> None:
    seq = AsyncSequence(name)
    url = postgres_url(postgres, driver)
    await create_tables(url)
    async with engine_for(url) as engine, engine.connect() as conn:
        await conn.begin()
        await conn.invalidate()
        with pytest.raises(exc.PendingRollbackError):
            await seq.next_value(conn)
        await conn.rollback()
        assert await seq.next_value(conn) == 1


async def test_a_server_that_is_not_there() -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    async with engine_for(url) as engine, AsyncSession(engine) as session:
        with pytest.raises(exc.OperationalError, match="connection"):
            await AsyncSequence("invoices").next_value(session)
