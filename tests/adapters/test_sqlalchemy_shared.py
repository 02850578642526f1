"""One database connection under all sessions, as SQLAlchemy has it for SQLite in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InvalidRequestError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import StaticPool

from aseq import AsyncSequence, UnsupportedConnection, create_table
from aseq.sqlalchemy import begin_immediate
from tests.adapters.sqlalchemy_setups import (
    DRIVERS,
    create_tables,
    engine_for,
    postgres_url,
    sqlite_url,
)

HINT = (
    "another session or connection uses the same database connection, and either would commit "
    "or undo what the other has drawn: its pool (StaticPool, or SingletonThreadPool in one "
    "thread) has one connection for everybody; so it is by default for SQLite in memory. Use a "
    "file, in a temporary directory for tests, or another pool"
)


def as_it_is(engine: AsyncEngine) -> AsyncEngine:
    return engine


@pytest.fixture(params=["memory", "begin_immediate", *DRIVERS])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """With one connection for all, and the tables."""
    url = "sqlite+aiosqlite://"
    recipe: Callable[[AsyncEngine], AsyncEngine] = as_it_is
    if request.param in DRIVERS:
        url = postgres_url(request.getfixturevalue("postgres"), request.param)
        await create_tables(url)
    elif request.param == "begin_immediate":
        recipe = begin_immediate
    async with engine_for(url, poolclass=StaticPool) as engine:
        recipe(engine)
        async with engine.connect():  # the first ones, at once, would get one each
            pass
        if request.param not in DRIVERS:
            async with engine.begin() as conn:
                await create_table(conn)
                await conn.execute(text("CREATE TABLE saved (name varchar, number int)"))
        yield engine


async def save(session: Any, name: str, number: int) -> None:
    await session.execute(text(f"INSERT INTO saved VALUES ('{name}', {number})"))


async def assert_gapless(engine: AsyncEngine, name: str) -> list[int]:
    async with engine.connect() as conn:
        last = await conn.scalar(text(f"SELECT last FROM aseq_sequence WHERE name = '{name}'"))
        rows = await conn.scalars(text(f"SELECT number FROM saved WHERE name = '{name}'"))
        numbers = sorted(rows)
    assert numbers == list(range(1, (last or 0) + 1))
    return numbers


async def test_one_after_the_other(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    for _ in range(3):
        async with AsyncSession(engine) as session, session.begin():
            await save(session, name, await seq.next_value(session))
        with suppress(ZeroDivisionError):
            async with AsyncSession(engine) as session, session.begin():
                await save(session, name, await seq.next_value(session))
                raise ZeroDivisionError
    assert await assert_gapless(engine, name) == [1, 2, 3]


async def test_a_second_one_is_refused(engine: AsyncEngine, name: str) -> None:
    """And the first one isn't disturbed, though SQLAlchemy rolls back what it gives back."""
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as first, AsyncSession(engine) as second:
        await save(first, name, await seq.next_value(first))
        with pytest.raises(UnsupportedConnection) as caught:
            await seq.next_value(second)
        with pytest.raises(InvalidRequestError, match="StaticPool"):
            await second.execute(text("SELECT 1"))
        with pytest.raises(InvalidRequestError, match="StaticPool"):
            await engine.connect()
        await second.rollback()
        await save(first, name, await seq.next_value(first))
        await first.commit()
        await save(second, name, await seq.next_value(second))
        await second.commit()

    assert caught.value.hint == HINT
    assert str(caught.value) == (
        f"can't draw numbers on sqlalchemy.ext.asyncio.session.AsyncSession: {HINT}"
    )
    assert await assert_gapless(engine, name) == [1, 2, 3]


@pytest.mark.parametrize("writes", [False, True])
async def test_refused_beside_one_that_was_there(
    engine: AsyncEngine, name: str, writes: bool
) -> None:
    """Even one that does nothing sends a ROLLBACK at its end."""
    seq = AsyncSequence(name)
    async with engine.connect() as first, engine.connect() as second:
        if writes:
            await save(first, f"{name}-other", 0)
        for conn in (first, second):
            with pytest.raises(Exception) as caught:
                await seq.next_value(conn)
            # With the recipe, it may be its own BEGIN IMMEDIATE that is refused.
            if "within a transaction" not in str(caught.value):
                assert isinstance(caught.value, UnsupportedConnection)
                assert caught.value.hint == HINT
        await first.rollback()
        await second.close()
        await save(first, name, await seq.next_value(first))
        await first.commit()

    assert await assert_gapless(engine, name) == [1]


async def test_a_connection_that_reconnects(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    if engine.dialect.name == "sqlite":
        pytest.skip("a database in memory is gone with its connection")
    async with engine.connect() as conn, AsyncSession(engine) as session:
        await conn.invalidate()
        await save(session, name, await seq.next_value(session))
        with pytest.raises(InvalidRequestError, match="StaticPool"):
            await conn.execute(text("SELECT 1"))
        await session.commit()

    assert await assert_gapless(engine, name) == [1]


@pytest.mark.parametrize("seed", range(10))
async def test_many_at_once(engine: AsyncEngine, name: str, seed: int) -> None:
    """Whoever commits well has saved a number of its own; the others are told."""
    seq = AsyncSequence(name)
    told: list[int] = []

    async def issue(turns: int, fails: bool) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        async with AsyncSession(engine) as session, session.begin():
            number = await seq.next_value(session)
            for _ in range(turns):
                await asyncio.sleep(0)
            await save(session, name, number)
            if fails:
                raise ZeroDivisionError
        told.append(number)

    for round_ in range(6):
        calls = [issue((seed * 7 + round_ * 3 + i * 5) % 23, i % 3 == 0) for i in range(4)]
        await asyncio.gather(*calls, return_exceptions=True)
    await issue(0, fails=False)
    assert await assert_gapless(engine, name) == sorted(told)


# SQLite that rolls back by itself


@pytest.mark.parametrize("recipe", [begin_immediate, as_it_is])
@pytest.mark.parametrize("ends_with", ["statement", "commit"])
async def test_sqlite_rolls_back_by_itself(
    tmp_path: Path, recipe: Callable[[AsyncEngine], AsyncEngine], ends_with: str
) -> None:
    """Somebody swallows the error and goes on: the number isn't drawn any more."""
    url, seq = sqlite_url(tmp_path / "aseq.db"), AsyncSequence("s")
    await create_tables(url)
    async with engine_for(url) as engine:
        recipe(engine)
        async with engine.begin() as conn:
            await conn.execute(text("CREATE TABLE one (x int UNIQUE)"))
            await conn.execute(text("INSERT INTO one VALUES (1)"))
        async with AsyncSession(engine) as session:
            number = await seq.next_value(session)
            if ends_with == "commit":
                await save(session, "s", number)
            with suppress(Exception):
                await session.execute(text("INSERT OR ROLLBACK INTO one VALUES (1)"))
            with pytest.raises(PendingRollbackError, match="isn't open any more"):
                await (
                    save(session, "s", number) if ends_with == "statement" else session.commit()
                )
            await session.rollback()
            await save(session, "s", await seq.next_value(session))
            await session.commit()
        assert await assert_gapless(engine, "s") == [1]
