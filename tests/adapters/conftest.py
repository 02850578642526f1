"""Fixtures for the tests of one adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.adapters.sqlalchemy_setups import DRIVERS, create_tables, engine_for, postgres_url


@pytest.fixture(params=DRIVERS)
async def engine(request: pytest.FixtureRequest, postgres: str) -> AsyncIterator[AsyncEngine]:
    """An engine of SQLAlchemy on PostgreSQL, whose database has the tables."""
    url = postgres_url(postgres, request.param)
    await create_tables(url)
    async with engine_for(url) as engine:
        yield engine
