"""The database: engines, and what a handler asks for to use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Path, Request
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from aseq.sqlalchemy import begin_immediate

from .settings import Settings

_ASYNC = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_SYNC = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite"}


def make_engine(settings: Settings) -> AsyncEngine:
    """The engine that invoices are written with."""
    engine = make_reader(settings)
    return begin_immediate(engine) if engine.dialect.name == "sqlite" else engine


def make_reader(settings: Settings) -> AsyncEngine:
    """An engine to read with: on SQLite, `make_engine`'s waits for its turn to write."""
    url, waits = _url(settings, _ASYNC), {"pool_timeout": 3 * settings.patience}
    if url.get_backend_name() == "sqlite":
        return create_async_engine(url, connect_args={"timeout": settings.patience}, **waits)
    if settings.pooler:  # The pool is PgBouncer's, and it forgets prepared statements.
        forget = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
        unique: dict[str, Any] = {"prepared_statement_name_func": lambda: f"__{uuid4()}__"}
        return create_async_engine(url, poolclass=NullPool, connect_args=forget | unique)
    # Requests beyond these wait in the pool, and not as connections to the server. There is
    # no `lock_timeout` among its settings: poolers refuse it, and each draw has a `timeout`.
    return create_async_engine(url, pool_size=20, max_overflow=0, **waits)


def make_sync_engine(settings: Settings) -> Engine:
    """An engine without an event loop: for the worker and for migrations."""
    url = _url(settings, _SYNC)
    if url.get_backend_name() == "sqlite":
        return begin_immediate(create_engine(url, connect_args={"timeout": settings.patience}))
    return create_engine(url, poolclass=NullPool, connect_args={"prepare_threshold": None})


def _url(settings: Settings, drivers: dict[str, str]) -> URL:
    url = make_url(settings.url)
    return url.set(drivername=drivers[url.get_backend_name()])


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    # It commits nothing: the handler does. The rows are still wanted after the commit.
    async with AsyncSession(request.app.state.engine, expire_on_commit=False) as session:
        yield session


async def _reader(request: Request) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(request.app.state.reader) as session:
        yield session


def _patience(request: Request) -> float:
    return float(request.app.state.settings.patience)


# scope="function": closed before the response is sent, and not after it (the default).
# A client that reads slowly doesn't keep a connection from others.
SessionDep = Annotated[AsyncSession, Depends(_session, scope="function")]
ReaderDep = Annotated[AsyncSession, Depends(_reader, scope="function")]
PatienceDep = Annotated[float, Depends(_patience)]
# Yours comes from whoever is logged in.
TenantDep = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]
