"""Libraries that stand on a driver we know: by the connection under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from databases import Database
from sqlspec import SQLSpec
from sqlspec.adapters.aiosqlite import AiosqliteConfig

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection, create_table
from aseq._layers import LAYERS
from tests.blocks import undone

numbers = AsyncSequence("invoices")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}") as database:
        async with database.transaction():
            await create_table(raw(database))
        yield database


def raw(database: Database) -> Any:
    return database.connection().raw_connection


async def test_a_savepoint_of_databases(database: Database) -> None:
    drawn = []
    async with database.transaction():
        drawn.append(await numbers.next_value(raw(database)))
        async with undone(database.transaction()):
            drawn.append(await numbers.next_value(raw(database)))
        drawn.append(await numbers.next_value(raw(database)))

    assert drawn == [1, 2, 2]


async def test_a_task_has_a_connection_of_its_own_in_databases(database: Database) -> None:
    async def draw() -> int:
        async with database.connection() as connection:
            return await numbers.next_value(connection.raw_connection)

    async with database.transaction():
        with pytest.raises(NotInTransaction):
            await asyncio.create_task(draw())


async def test_sqlspec_on_sqlite(tmp_path: Path) -> None:
    spec = SQLSpec()
    shop = spec.add_config(
        AiosqliteConfig(connection_config={"database": str(tmp_path / "shop.db")})
    )
    drawn = []
    async with spec.provide_session(shop) as session:
        async with session.transaction():
            await create_table(session.connection)
        for _ in range(2):
            async with undone(session.transaction()):
                drawn.append(await numbers.next_value(session.connection))
        await session.begin()
        drawn.append(await numbers.next_value(session.connection))
        await session.commit()
        for stranger in (session, shop, spec):
            with pytest.raises(UnsupportedConnection, match=r"`session\.connection`"):
                await numbers.next_value(stranger)  # type: ignore[arg-type]
    await spec.close_all_pools()

    assert drawn == [1, 1, 1]


async def test_objects_of_databases(database: Database) -> None:
    async with database.transaction() as transaction, database.connection() as connection:
        for stranger in (database, connection, transaction):
            with pytest.raises(UnsupportedConnection, match=r"\.raw_connection`$"):
                await numbers.next_value(stranger)  # type: ignore[arg-type]


INSTEAD = {
    "advanced_alchemy.service._async": "`repository.session`",
    "databases.core": "`database.connection().raw_connection`",
    "databasez.core.connection": "`connection.async_connection`",
    "edgy.core.connection.database": "`connection.async_connection`",
    "ormar.databases.connection": "`async with database.connection() as conn:`",
    "playhouse.pwasyncio": "`(await db.aconnect()).conn`",
    "saffier.core.connection.database": "`async with database.connection() as conn:`",
    "sqlspec.adapters.asyncpg.driver": "`session.connection`",
}


@pytest.mark.parametrize("module", INSTEAD)
async def test_what_to_pass_instead(module: str) -> None:
    """By the name of a class's module alone, so that nothing has to be installed."""
    theirs = type("Theirs", (), {"__module__": module})
    stranger = type("Mine", (theirs,), {})()
    with pytest.raises(UnsupportedConnection) as caught:
        await numbers.next_value(stranger)

    assert INSTEAD[module] in caught.value.hint
    assert str(caught.value) == f"can't draw numbers on {__name__}.Mine: {caught.value.hint}"


def test_each_layer_is_tested() -> None:
    assert {module.partition(".")[0] for module in INSTEAD} == {*LAYERS}
