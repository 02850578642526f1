"""Engines of SQLAlchemy for the tests of its adapter, and a look into their databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from aseq import create_table
from tests.database import SAVED

DRIVERS = ("asyncpg", "psycopg")


def postgres_url(url: str, driver: str) -> str:
    """The URL of a PostgreSQL as SQLAlchemy wants it."""
    return url.replace("postgresql:", f"postgresql+{driver}:")


def sqlite_url(path: object) -> str:
    """The URL of a SQLite file as SQLAlchemy wants it."""
    return f"sqlite+aiosqlite:///{path}"


def url_of(engine: AsyncEngine) -> str:
    """The whole URL of an engine."""
    return engine.url.render_as_string(hide_password=False)


@asynccontextmanager
async def engine_for(url: str, **options: Any) -> AsyncIterator[AsyncEngine]:
    """An engine, disposed of at the end of the block."""
    engine = create_async_engine(url, **options)
    try:
        yield engine
    finally:
        await engine.dispose()


async def create_tables(url: str) -> None:
    """Create the tables of the tests."""
    async with engine_for(url) as engine, engine.begin() as conn:
        await create_table(conn)
        await conn.execute(text(SAVED))


async def last(url: str, name: str, table: str = '"aseq_sequence"') -> int | None:
    """The committed last value of a sequence, read on a connection of its own."""
    async with engine_for(url) as engine, engine.connect() as conn:
        query = text(f"SELECT last FROM {table} WHERE name = :name")
        value: int | None = await conn.scalar(query, {"name": name})
        return value
