"""Tenants in schemas: schema_translate_map reaches the right counter, wherever it is set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from aseq import AsyncSequence, SequenceTableMissing, create_table, drop_table
from tests.adapters.sqlalchemy_setups import (
    create_tables,
    engine_for,
    last,
    sqlite_url,
    url_of,
)

TENANTS = ("tenant_1", "tenant-1", "it's", "50%", "100%s", "{name}", 'say "$1"', "Übermut?")


@asynccontextmanager
async def engine_option(engine: AsyncEngine, options: Any) -> AsyncIterator[Any]:
    async with AsyncSession(engine.execution_options(**options)) as session:
        yield session


@asynccontextmanager
async def connection_option(engine: AsyncEngine, options: Any) -> AsyncIterator[Any]:
    async with engine.connect() as conn:
        yield await conn.execution_options(**options)


@asynccontextmanager
async def session_connection(engine: AsyncEngine, options: Any) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        await session.connection(execution_options=options)
        yield session


@asynccontextmanager
async def session_option(engine: AsyncEngine, options: Any) -> AsyncIterator[Any]:
    async with AsyncSession(engine, execution_options=options) as session:
        yield session


@asynccontextmanager
async def session_over_engine(engine: AsyncEngine, options: Any) -> AsyncIterator[Any]:
    """What the session says comes before what its connection says, and can change."""
    other = engine.execution_options(schema_translate_map={None: "nobody"})
    async with AsyncSession(other) as session:
        await session.connection()
        session.sync_session.execution_options = options
        yield session


since_2_1 = pytest.mark.skipif(
    sqlalchemy.__version__.startswith("2.0."),
    reason="sessions have execution_options from SQLAlchemy 2.1 on",
)
WAYS = [
    engine_option,
    connection_option,
    session_connection,
    pytest.param(session_option, marks=since_2_1),
    pytest.param(session_over_engine, marks=since_2_1),
]


def quoted(tenant: str) -> str:
    return '"' + tenant.replace('"', '""') + '"'


def mapped(tenant: str) -> dict[str, Any]:
    return {"schema_translate_map": {None: tenant}}


@asynccontextmanager
async def schema(engine: AsyncEngine, tenant: str) -> AsyncIterator[None]:
    """A schema, empty, for the length of the block."""
    async with engine.begin() as conn:
        await conn.execute(text(f"CREATE SCHEMA {quoted(tenant)}"))
    try:
        yield
    finally:
        async with engine.begin() as conn:
            await conn.execute(text(f"DROP SCHEMA {quoted(tenant)} CASCADE"))


async def counted(engine: AsyncEngine, table: str, name: str) -> int | None:
    return await last(url_of(engine), name, table)


@pytest.mark.parametrize("opened", WAYS)
async def test_draws_on_the_tenants_counter(
    engine: AsyncEngine,
    opened: Callable[[AsyncEngine, Any], AbstractAsyncContextManager[Any]],
    name: str,
) -> None:
    seq = AsyncSequence(name)
    async with schema(engine, "tenant_a"), schema(engine, "tenant_b"):
        for tenant in ("tenant_a", "tenant_b"):
            async with opened(engine, mapped(tenant)) as conn:
                await create_table(conn)
                await seq.advance_to(conn, 41)
                assert await seq.next_value(conn) == 42
                assert await seq.last_value(conn) == 42
                await conn.commit()

        assert await counted(engine, '"tenant_a"."aseq_sequence"', name) == 42
        assert await counted(engine, '"tenant_b"."aseq_sequence"', name) == 42
        assert await counted(engine, '"aseq_sequence"', name) is None


@pytest.mark.parametrize("tenant", TENANTS)
async def test_quotes_the_tenants_name(engine: AsyncEngine, tenant: str, name: str) -> None:
    seq = AsyncSequence(name)
    async with schema(engine, tenant):
        async with engine_option(engine, mapped(tenant)) as session:
            await create_table(session)
            await create_table(session)  # it is there
            assert await seq.next_value(session) == 1
            assert await seq.next_value(session, nowait=True) == 2
            assert await seq.next_values(session, 2) == range(3, 5)
            assert await AsyncSequence(name + "-loop", reset_value=3).next_value(session) == 1
            assert await seq.delete(session)
            assert await seq.next_value(session) == 1
            await session.commit()

        assert await counted(engine, f'{quoted(tenant)}."aseq_sequence"', name) == 1
        async with engine_option(engine, mapped(tenant)) as session:
            await drop_table(session)
            await session.commit()


async def test_maps_a_schema_that_the_sequence_names(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name, table="per_tenant.numbers")
    options = {"schema_translate_map": {"per_tenant": "tenant_c", "other": "nobody"}}
    async with schema(engine, "tenant_c"):
        async with engine_option(engine, options) as session:
            await create_table(session, "per_tenant.numbers")
            assert await seq.next_value(session) == 1
            assert await AsyncSequence(name).next_value(session) == 1  # isn't mapped
            await session.commit()

        assert await counted(engine, '"tenant_c"."numbers"', name) == 1
        assert await counted(engine, '"aseq_sequence"', name) == 1


async def test_maps_a_schema_to_the_default_one(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name, table="per_tenant.aseq_sequence")
    options = {"schema_translate_map": {"per_tenant": None}}
    async with engine_option(engine, options) as session:
        assert await seq.next_value(session) == 1
        await session.commit()

    assert await counted(engine, '"aseq_sequence"', name) == 1


@pytest.mark.parametrize("tenant", ["nowhere", "no-where"])
async def test_names_the_tenants_table_that_is_missing(
    engine: AsyncEngine, tenant: str
) -> None:
    async with engine_option(engine, mapped(tenant)) as session:
        with pytest.raises(SequenceTableMissing) as caught:
            await AsyncSequence("invoices").next_value(session)

    assert caught.value.table == f"{tenant}.aseq_sequence"
    assert str(caught.value).startswith(f"table '{tenant}.aseq_sequence' doesn't exist: ")


async def test_attached_databases_of_sqlite(tmp_path: Path) -> None:
    seq = AsyncSequence("invoices")
    url = sqlite_url(tmp_path / "main.db")
    await create_tables(url)
    async with engine_for(url) as engine:

        @event.listens_for(engine.sync_engine, "connect")
        def attach(dbapi_connection: Any, _: object) -> None:
            path = tmp_path / "tenant.db"
            dbapi_connection.cursor().execute(f"""ATTACH '{path}' AS "tenant-1" """)

        async with engine_option(engine, mapped("tenant-1")) as session:
            with pytest.raises(SequenceTableMissing) as caught:
                await seq.next_value(session)
            await session.rollback()
            await create_table(session)
            assert await seq.next_value(session) == 1
            await session.commit()

    assert caught.value.table == "tenant-1.aseq_sequence"
    assert await last(url, "invoices") is None
    assert await last(sqlite_url(tmp_path / "tenant.db"), "invoices") == 1
