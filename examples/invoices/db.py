"""The database: an engine for the life of the application, a session for each request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from aseq.sqlalchemy import begin_immediate

from .models import Base

PATIENCE = 10.0
"""Seconds that a transaction waits for its turn. Then aseq raises SequenceLocked."""

_DRIVERS = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}


def make_engine(url: str, patience: float = PATIENCE) -> AsyncEngine:
    """An engine for ``sqlite:///file`` or ``postgresql://user@host/database``."""
    parsed = make_url(url)
    parsed = parsed.set(drivername=_DRIVERS[parsed.get_backend_name()])
    # For a connection, a request waits longer: until others have had their turns.
    waits = {"pool_timeout": 3 * patience}
    if parsed.get_backend_name() == "sqlite":
        connect_args = {"timeout": patience}
        return begin_immediate(create_async_engine(parsed, connect_args=connect_args, **waits))
    # Requests beyond these wait here in the pool, and not as connections to the server.
    return create_async_engine(
        parsed,
        pool_size=20,
        max_overflow=0,
        **waits,
        connect_args={"server_settings": {"lock_timeout": f"{patience * 1000:.0f}"}},
    )


@asynccontextmanager
async def database(url: str, patience: float = PATIENCE) -> AsyncIterator[AsyncEngine]:
    """The engine, with its tables."""
    engine = make_engine(url, patience)
    try:
        # For a first try. In production, migrations create the tables.
        async with engine.begin() as conn:
            await conn.run_sync(Base.metadata.create_all)
        yield engine
    finally:
        await engine.dispose()


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for one request. It commits nothing: the handler does."""
    async with request.app.state.sessions() as session:
        yield session


# scope="function": closed before the response is sent, and not after it (the default).
# A client that reads slowly doesn't keep a connection from others.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
