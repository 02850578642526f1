"""What is accepted as a connection under SQLAlchemy, and hints for what isn't."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    AsyncTransaction,
    async_scoped_session,
    async_sessionmaker,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelSession

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection, create_table
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


class OwnSession(AsyncSession):
    """A subclass, as applications have them."""


@asynccontextmanager
async def plain(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        yield session


@asynccontextmanager
async def subclass(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with async_sessionmaker(
        engine, class_=OwnSession, expire_on_commit=False
    )() as session:
        yield session


@asynccontextmanager
async def sqlmodel(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with SQLModelSession(engine) as session:
        yield session


@asynccontextmanager
async def scoped(engine: AsyncEngine) -> AsyncIterator[Any]:
    registry = async_scoped_session(async_sessionmaker(engine), asyncio.current_task)
    yield registry
    await registry.remove()


@asynccontextmanager
async def begun(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        await session.begin()
        yield session


@asynccontextmanager
async def in_a_savepoint(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        await session.begin_nested()
        yield session


@asynccontextmanager
async def on_a_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    """As test suites do it: everything in one transaction of the connection's."""
    async with engine.connect() as conn:
        await conn.begin()
        async with AsyncSession(conn, join_transaction_mode="create_savepoint") as session:
            yield session


@asynccontextmanager
async def fresh_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with engine.connect() as conn:
        yield conn


@asynccontextmanager
async def begun_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with engine.connect() as conn:
        await conn.begin()
        yield conn


@asynccontextmanager
async def awaited_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    conn = await engine.connect()
    yield conn
    await conn.close()


@asynccontextmanager
async def reconnected(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with engine.connect() as conn:
        await conn.invalidate()
        yield conn


OBJECTS = {
    function.__name__: function
    for function in (
        plain,
        subclass,
        sqlmodel,
        scoped,
        begun,
        in_a_savepoint,
        on_a_connection,
        fresh_connection,
        begun_connection,
        awaited_connection,
        reconnected,
    )
}


@pytest.fixture(params=["sqlite", *DRIVERS])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """One on each driver, with the tables."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "aseq.db")
    else:
        url = postgres_url(request.getfixturevalue("postgres"), request.param)
    await create_tables(url)
    async with engine_for(url) as engine:
        yield begin_immediate(engine) if request.param == "sqlite" else engine


@pytest.mark.parametrize("kind", OBJECTS)
async def test_draws_in_the_transaction_of(kind: str, engine: AsyncEngine, name: str) -> None:
    async with OBJECTS[kind](engine) as conn:
        assert await AsyncSequence(name).next_value(conn) == 1
        if kind != "on_a_connection":
            await conn.rollback()
            assert await AsyncSequence(name).next_value(conn) == 1
        assert await last(url_of(engine), name) is None
        await conn.commit()
        if kind == "on_a_connection":
            assert await last(url_of(engine), name) is None
            await conn.bind.commit()

    assert await last(url_of(engine), name) == 1


async def test_draws_in_the_first_of_two_phases(postgres: str, name: str) -> None:
    url = postgres_url(postgres, "psycopg")
    await create_tables(url)
    async with engine_for(url) as engine, AsyncSession(engine, twophase=True) as session:
        assert await AsyncSequence(name).next_value(session) == 1
        await session.rollback()
        assert await AsyncSequence(name).next_value(session) == 1
        await session.commit()

    assert await last(url, name) == 1


async def test_a_database_in_memory_outlives_a_refusal_and_a_rollback() -> None:
    seq = AsyncSequence("invoices")
    async with engine_for("sqlite+aiosqlite://", poolclass=StaticPool) as engine:
        async with engine.begin() as conn:
            await create_table(conn)
        async with AsyncSession(engine) as session:
            assert await seq.next_value(session) == 1
            await session.rollback()
            async with session.begin_nested():
                with pytest.raises(NotInTransaction):
                    await seq.next_value(session)
            await session.rollback()
            assert await seq.next_value(session) == 1
            await session.commit()
            assert await seq.next_value(session) == 2


SESSION = "open a session: `async with async_session() as session:`"
SYNC = create_engine("sqlite://")
SYNC_CODE = "; or aseq.sync, in sync code"

MISSES: dict[str, tuple[Callable[[AsyncEngine], Any], str]] = {
    "engine": (
        lambda engine: engine,
        "open a connection: `async with engine.begin() as conn:`",
    ),
    "sync engine": (lambda _: SYNC, "use a connection of an AsyncEngine" + SYNC_CODE),
    "sessionmaker": (async_sessionmaker, SESSION),
    "sync sessionmaker": (
        lambda _: sessionmaker(SYNC),
        "use a session of an async_sessionmaker" + SYNC_CODE,
    ),
    "sync session": (lambda _: Session(SYNC), "use an AsyncSession" + SYNC_CODE),
    "subclass of sync session": (
        lambda _: sessionmaker(SYNC)(),
        "use an AsyncSession" + SYNC_CODE,
    ),
    "sync scoped session": (
        lambda _: scoped_session(sessionmaker(SYNC)),
        "use an async_scoped_session" + SYNC_CODE,
    ),
    "sync connection": (lambda _: SYNC.connect(), "use an AsyncConnection" + SYNC_CODE),
    "transaction of a session": (
        lambda engine: AsyncSession(engine).begin(),
        "pass the session that began the transaction",
    ),
    "transaction of a connection": (
        lambda engine: AsyncTransaction(engine.connect()),
        "pass the connection that began the transaction",
    ),
    "anything else": (
        lambda _: text("SELECT 1"),
        "pass an AsyncSession or an AsyncConnection",
    ),
}


@pytest.mark.parametrize("kind", MISSES)
async def test_hints_at_what_to_pass_instead_of(kind: str) -> None:
    make, hint = MISSES[kind]
    async with engine_for("sqlite+aiosqlite://") as engine:
        near_miss = make(engine)
        with pytest.raises(UnsupportedConnection) as caught:
            await AsyncSequence("invoices").next_value(near_miss)

    cls = type(near_miss)
    assert caught.value.hint == hint
    assert str(caught.value) == (
        f"can't draw numbers on {cls.__module__}.{cls.__qualname__}: {hint}"
    )


class UnknownDialect(SQLiteDialect_aiosqlite):
    driver = "unknown"
    supports_statement_cache = True


async def test_hints_at_the_drivers_it_knows() -> None:
    registry.register("sqlite.unknown", __name__, "UnknownDialect")
    async with engine_for("sqlite+unknown://") as engine:
        with pytest.raises(UnsupportedConnection) as caught:
            await AsyncSequence("invoices").next_value(AsyncSession(engine))

    assert caught.value.hint == (
        "its engine is for sqlite+unknown; aseq knows "
        "postgresql+asyncpg, postgresql+psycopg, sqlite+aiosqlite, "
        "mysql+asyncmy, mysql+aiomysql, mariadb+asyncmy, mariadb+aiomysql"
    )


async def test_draws_whatever_paramstyle_the_engine_writes(
    engine: AsyncEngine, name: str
) -> None:
    async with engine_for(url_of(engine), paramstyle="named") as other, other.begin() as conn:
        assert await AsyncSequence(name).next_value(conn) == 1
