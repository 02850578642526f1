"""A table of drafts, and an issuer for it on each kind of source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from aseq.issuing import Issuer
from tests.issuing.sources import SOURCES, Open, asyncpg_pool
from tests.issuing.troubled import Drafts, drafts


@pytest.fixture
def table(postgres: str) -> Iterator[Drafts]:
    """A table of drafts on PostgreSQL."""
    with drafts(postgres) as table:
        yield table


@pytest.fixture(params=list(SOURCES.values()), ids=list(SOURCES))
def open_source(request: pytest.FixtureRequest) -> Open:
    """Each kind of engine and pool."""
    found: Open = request.param
    return found


@pytest.fixture
async def source(table: Drafts, open_source: Open) -> AsyncIterator[Any]:
    """An engine or a pool, each kind."""
    async with open_source(table.url) as source:
        yield source


@pytest.fixture
async def every_issuer(table: Drafts, source: Any) -> AsyncIterator[Issuer[int]]:
    """An open issuer, on each kind of source."""
    async with Issuer(source, table.sequence, table.column, key="id") as issuer:
        yield issuer


@pytest.fixture
async def pool(table: Drafts) -> AsyncIterator[asyncpg.Pool]:
    """An asyncpg pool for issuers."""
    async with asyncpg_pool(table.url) as pool:
        yield pool


@pytest.fixture
async def issuer(table: Drafts, pool: asyncpg.Pool) -> AsyncIterator[Issuer[int]]:
    """An open issuer on an asyncpg pool."""
    async with Issuer(pool, table.sequence, table.column, key="id") as issuer:
        yield issuer


@pytest.fixture
async def conn(table: Drafts, postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of somebody else's."""
    conn = await asyncpg.connect(postgres)
    yield conn
    conn.terminate()
