"""PostgreSQL under SQLAlchemy: AUTOCOMMIT is seen, in whatever way it was set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from aseq import AsyncSequence, NotInTransaction
from tests.adapters.sqlalchemy_setups import (
    DRIVERS,
    create_tables,
    engine_for,
    last,
    postgres_url,
)

HINT = "the connection or its engine has isolation_level AUTOCOMMIT: use one that hasn't"
ENDED = (
    "the transaction that SQLAlchemy began was ended without it, by SQL sent by hand for "
    "example: roll back first"
)
LEVEL: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}

Opens = Callable[[AsyncEngine], AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with engine.connect() as conn:
        yield conn


@asynccontextmanager
async def session(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        yield session


@asynccontextmanager
async def connection_option(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with engine.connect() as conn:
        yield await conn.execution_options(**LEVEL)


@asynccontextmanager
async def session_option(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        await session.connection(execution_options=LEVEL)
        yield session


@asynccontextmanager
async def session_on_a_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with connection_option(engine) as conn, AsyncSession(conn) as session:
        yield session


def set_by_a_listener(engine: AsyncEngine) -> AsyncEngine:
    @event.listens_for(engine.sync_engine, "engine_connect")
    def set_it(connection: Any) -> None:
        connection.execution_options(**LEVEL)

    return engine


def as_it_is(engine: AsyncEngine) -> AsyncEngine:
    return engine


def with_option(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(**LEVEL)


Changes = Callable[[AsyncEngine], AsyncEngine]
WAYS: dict[str, tuple[dict[str, Any], Changes, Opens, bool]] = {
    "connection": ({}, as_it_is, connection, True),
    "session": ({}, as_it_is, session, True),
    "other level": ({"isolation_level": "REPEATABLE READ"}, as_it_is, session, True),
    "argument, connection": (LEVEL, as_it_is, connection, False),
    "argument, session": (LEVEL, as_it_is, session, False),
    "execution_options": ({"execution_options": LEVEL}, as_it_is, session, False),
    "engine option, connection": ({}, with_option, connection, False),
    "engine option, session": ({}, with_option, session, False),
    "connection option": ({}, as_it_is, connection_option, False),
    "session option": ({}, as_it_is, session_option, False),
    "session on a connection": ({}, as_it_is, session_on_a_connection, False),
    "listener": ({}, set_by_a_listener, session, False),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("way", WAYS)
async def test_refuses_what_a_rollback_would_not_undo(
    postgres: str, driver: str, way: str, name: str
) -> None:
    arguments, changed, opened, safe = WAYS[way]
    url = postgres_url(postgres, driver)
    await create_tables(url)
    async with engine_for(url, **arguments) as engine, opened(changed(engine)) as conn:
        careless = AsyncSequence(name, require_transaction=False)
        await careless.next_value(conn)
        await conn.rollback()
    hint = None
    async with engine_for(url, **arguments) as engine, opened(changed(engine)) as conn:
        try:
            await AsyncSequence(f"{name}-careful").next_value(conn)
        except NotInTransaction as exc:
            hint = exc.hint
        await conn.rollback()

    assert (await last(url, name) is None) == safe
    assert await last(url, f"{name}-careful") is None
    assert hint == (None if safe else HINT)


async def test_sees_what_psycopg_was_told(postgres: str) -> None:
    url = postgres_url(postgres, "psycopg")
    await create_tables(url)
    async with engine_for(url) as engine, engine.connect() as conn:
        raw: Any = (await conn.get_raw_connection()).driver_connection
        await raw.set_autocommit(True)
        with pytest.raises(NotInTransaction):
            await AsyncSequence("invoices").next_value(conn)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("opened", [connection, session])
async def test_a_transaction_that_was_ended_by_hand(
    postgres: str, driver: str, end: str, opened: Opens, name: str
) -> None:
    """psycopg begins the next one by itself. asyncpg doesn't, and SQLAlchemy doesn't know."""
    url = postgres_url(postgres, driver)
    await create_tables(url)
    seq, hint = AsyncSequence(name), None
    async with engine_for(url) as engine, opened(engine) as conn:
        await conn.execute(text("SELECT 1"))
        await conn.execute(text(end))
        try:
            assert await seq.next_value(conn) == 1
        except NotInTransaction as exc:
            hint = exc.hint
        await conn.rollback()
        assert await seq.last_value(conn) is None
        assert await seq.next_value(conn) == 1
        await conn.commit()

    assert await last(url, name) == 1
    assert hint == (None if driver == "psycopg" else ENDED)
