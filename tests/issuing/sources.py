"""The engines and pools that an issuer gets connections from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import psycopg_pool
from sqlalchemy.ext.asyncio import create_async_engine

Open: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def asyncpg_pool(url: str, size: int = 8) -> AsyncIterator[Any]:
    pool = await asyncpg.create_pool(url, min_size=1, max_size=size)
    try:
        yield pool
    finally:
        pool.terminate()


@asynccontextmanager
async def psycopg_pool_(url: str) -> AsyncIterator[Any]:
    async with psycopg_pool.AsyncConnectionPool(url, min_size=1, max_size=8) as pool:
        yield pool


@asynccontextmanager
async def psycopg_pool_autocommit(url: str) -> AsyncIterator[Any]:
    options = {"autocommit": True}
    async with psycopg_pool.AsyncConnectionPool(
        url, min_size=1, max_size=8, kwargs=options
    ) as pool:
        yield pool


@asynccontextmanager
async def _engine(url: str, driver: str, **options: Any) -> AsyncIterator[Any]:
    engine = create_async_engine(url.replace("postgresql:", f"postgresql+{driver}:"), **options)
    try:
        yield engine
    finally:
        await engine.dispose()


def engine_asyncpg(url: str) -> AbstractAsyncContextManager[Any]:
    return _engine(url, "asyncpg")


def engine_psycopg(url: str) -> AbstractAsyncContextManager[Any]:
    return _engine(url, "psycopg")


def engine_autocommit(url: str) -> AbstractAsyncContextManager[Any]:
    return _engine(url, "asyncpg", isolation_level="AUTOCOMMIT")


def engine_serializable(url: str) -> AbstractAsyncContextManager[Any]:
    return _engine(url, "psycopg", isolation_level="SERIALIZABLE")


SOURCES: dict[str, Open] = {
    "asyncpg": asyncpg_pool,
    "psycopg": psycopg_pool_,
    "sqlalchemy-asyncpg": engine_asyncpg,
    "sqlalchemy-psycopg": engine_psycopg,
}
"""What the contract is tested on."""

SETTINGS: dict[str, Open] = {
    "psycopg-autocommit": psycopg_pool_autocommit,
    "sqlalchemy-autocommit": engine_autocommit,
    "sqlalchemy-serializable": engine_serializable,
}
"""The same, as somebody may have set them up."""
