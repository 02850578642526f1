"""The page about libraries on SQLAlchemy: its blocks, and what it says besides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from edgy import Database as EdgyDatabase
from ormar.databases.connection import DatabaseConnection
from saffier import Database as SaffierDatabase

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection, create_table
from tests.docs.markdown import ON_SQLALCHEMY
from tests.docs.played import play
from tests.docs.setup import Place, place

numbers = AsyncSequence("invoices")

pytestmark = pytest.mark.filterwarnings("default")  # theirs, not ours


@pytest.fixture
def here(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    with place(ON_SQLALCHEMY, tmp_path, lambda: postgres, str) as here:
        yield here


@pytest.fixture
def url(here: Place) -> str:
    """A database of PostgreSQL, as SQLAlchemy calls it."""
    return here.postgres.replace("postgresql:", "postgresql+asyncpg:")


async def test_blocks(here: Place) -> None:
    await play(ON_SQLALCHEMY, here)


async def draws_at_once(draw: Callable[[], Awaitable[int]]) -> list[int | BaseException]:
    return await asyncio.gather(*(draw() for _ in range(5)), return_exceptions=True)


async def test_edgy_is_serializable(url: str) -> None:
    async with EdgyDatabase(url) as database:
        async with database.connection() as connection, connection.transaction():
            await create_table(connection.async_connection)
            await numbers.next_value(connection.async_connection)
        both = asyncio.Barrier(5)

        async def draw() -> int:
            async with database.connection() as connection, connection.transaction():
                await both.wait()
                return await numbers.next_value(connection.async_connection)

        drawn = await draws_at_once(draw)

    assert any("could not serialize" in str(each) for each in drawn)


async def test_read_committed_of_edgy_is_autocommit(url: str) -> None:
    """Of a connection that was in no transaction before; else it's right."""
    async with EdgyDatabase(url) as database:
        async with database.connection() as first, first.transaction():
            await create_table(first.async_connection)
        async with (
            database.connection() as connection,
            connection.transaction(isolation_level="READ COMMITTED"),
        ):
            with pytest.raises(NotInTransaction):
                await numbers.next_value(connection.async_connection)


async def test_saffier_is_serializable(url: str) -> None:
    async with SaffierDatabase(url) as database:
        async with database.transaction(), database.connection() as conn:
            await create_table(conn)
            await numbers.next_value(conn)
        both = asyncio.Barrier(5)

        async def draw() -> int:
            async with database.transaction(), database.connection() as conn:
                await both.wait()
                return await numbers.next_value(conn)

        drawn = await draws_at_once(draw)

    assert any("could not serialize" in str(each) for each in drawn)


async def test_a_block_in_a_block_of_ormar_on_sqlite(tmp_path: Path) -> None:
    database = DatabaseConnection(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    await database.connect()
    async with database.transaction(), database.connection() as conn:
        await create_table(conn)
        assert await numbers.next_value(conn) == 1
        async with database.transaction(), database.connection() as inner:
            with pytest.raises(NotInTransaction):
                await numbers.next_value(inner)
    await database.disconnect()


async def test_what_to_pass_instead(url: str, tmp_path: Path) -> None:
    ormar = DatabaseConnection(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    async with EdgyDatabase(url) as edgy, edgy.connection() as connection:
        for stranger, expression in (
            (connection, "connection.async_connection"),
            (edgy, "connection.async_connection"),
            (ormar, "database.connection() as conn"),
            (SaffierDatabase(url), "database.connection() as conn"),
        ):
            with pytest.raises(UnsupportedConnection) as caught:
                await numbers.next_value(stranger)
            assert expression in caught.value.hint
