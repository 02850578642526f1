"""Piccolo: what its blocks do, and what becomes of one that has lost a number."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from piccolo.engine.cockroach import CockroachEngine
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.engine.sqlite import SQLiteEngine, TransactionType

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection, create_table
from tests.blocks import undone
from tests.faults.stalls import Gate

SAVED = "CREATE TABLE IF NOT EXISTS kept (number bigint)"


@pytest.fixture(params=["postgres", "sqlite"])
async def engine(
    request: pytest.FixtureRequest, postgres: str, tmp_path: Path
) -> AsyncIterator[Any]:
    if request.param == "sqlite":
        made: Any = SQLiteEngine(path=str(tmp_path / "shop.db"))
        await create_table(made)
        await made.run_ddl(SAVED)
        yield made
        return
    made = PostgresEngine(config={"dsn": postgres}, extensions=())
    await made.start_connection_pool(min_size=1, max_size=1)
    await create_table(made)
    await made.run_ddl(SAVED)
    yield made
    await made.close_connection_pool()


@pytest.fixture
async def lite(tmp_path: Path) -> SQLiteEngine:
    engine = SQLiteEngine(path=str(tmp_path / "shop.db"), timeout=5)
    await create_table(engine)
    await engine.run_ddl(SAVED)
    return engine


async def test_inside_and_outside_of_a_block(engine: Any, name: str) -> None:
    numbers = AsyncSequence(name)
    with pytest.raises(NotInTransaction, match=r"open one with `async with DB\.transaction"):
        await numbers.next_value(engine)
    assert await numbers.last_value(engine) is None

    async with engine.transaction() as transaction:
        assert await numbers.next_value(engine) == 1
        assert await numbers.next_value(transaction) == 2
    assert await numbers.last_value(engine) == 2
    async with undone(engine.transaction()):
        assert await numbers.next_value(engine) == 3
    assert await numbers.last_value(engine) == 2


async def test_a_number_that_may_be_committed_by_itself(engine: Any, name: str) -> None:
    numbers = AsyncSequence(name, require_transaction=False)
    assert [await numbers.next_value(engine) for _ in range(2)] == [1, 2]


async def test_an_engine_without_a_pool(postgres: str, name: str) -> None:
    engine = PostgresEngine(config={"dsn": postgres}, extensions=())
    numbers = AsyncSequence(name)
    await create_table(engine)
    async with engine.transaction():
        assert await numbers.next_value(engine) == 1
    assert await numbers.last_value(engine) == 1


async def test_savepoints_and_blocks_in_blocks(engine: Any, name: str) -> None:
    numbers = AsyncSequence(name)
    async with engine.transaction() as transaction:
        savepoint = await transaction.savepoint()
        assert await numbers.next_value(engine) == 1
        await savepoint.rollback_to()
        async with engine.transaction() as inner:  # does nothing, in Piccolo
            assert await numbers.next_value(inner) == 1
    assert await numbers.last_value(engine) == 1


async def test_a_transaction_that_was_ended_by_hand(engine: Any, name: str) -> None:
    numbers = AsyncSequence(name)
    async with engine.transaction() as transaction:
        await numbers.next_value(engine)
        await transaction.commit()
        with pytest.raises(NotInTransaction):
            await numbers.next_value(engine)
    assert await numbers.last_value(engine) == 1


async def test_a_task_that_outlives_the_block(engine: Any, name: str) -> None:
    """Its engine still stands for the block that has ended."""
    over = asyncio.Event()

    async def late() -> int:
        await over.wait()
        return await AsyncSequence(name).next_value(engine)

    async with engine.transaction():
        task = asyncio.create_task(late())
        await asyncio.sleep(0)
    over.set()
    with pytest.raises(Exception, match=r"closed|no active connection|released"):
        await task
    assert await AsyncSequence(name).last_value(engine) is None


async def test_a_draw_that_is_closed_gives_its_connection_up(postgres: str, name: str) -> None:
    """And the pool has its place back."""
    engine = PostgresEngine(config={"dsn": postgres}, extensions=())
    numbers = AsyncSequence(name)
    await engine.start_connection_pool(min_size=1, max_size=1)
    await create_table(engine)
    async with engine.transaction():
        draw: Any = numbers.next_value(engine)
        answer = draw.send(None)
        draw.close()
        answer._asyncio_future_blocking = False
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await answer
    assert not engine.transaction_exists()
    async with engine.transaction():
        assert await numbers.next_value(engine) == 1
    await engine.close_connection_pool()


async def attempt_and_swallow(engine: SQLiteEngine, transaction: Any, name: str) -> None:
    """A draw that is cancelled while SQLite is about it, by a caller who goes on."""
    gate = Gate(transaction.connection._conn, fetches_later=False)
    await transaction.connection.create_function("gate", 0, gate)
    await engine.run_ddl(
        "CREATE TEMP TRIGGER g AFTER INSERT ON main.aseq_sequence BEGIN SELECT gate(); END"
    )
    async with gate.holding():
        draw = asyncio.create_task(AsyncSequence(name).next_value(engine))
        await gate.reached()
        draw.cancel()
        gate.release()
        with pytest.raises(asyncio.CancelledError):
            await draw


async def test_a_lost_number_on_sqlite_takes_its_transaction_along(
    lite: SQLiteEngine, name: str
) -> None:
    immediate = TransactionType.immediate
    async with lite.transaction(transaction_type=immediate) as transaction:
        await lite.run_ddl("INSERT INTO kept VALUES (1)")
        await attempt_and_swallow(lite, transaction, name)
        with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
            await lite.run_ddl("INSERT INTO kept VALUES (2)")

    assert not lite.transaction_exists()
    assert await lite.run_ddl("SELECT * FROM kept") == []
    async with lite.transaction(transaction_type=immediate):
        assert await AsyncSequence(name).next_value(lite) == 1


async def test_a_lost_number_on_sqlite_and_an_error(lite: SQLiteEngine, name: str) -> None:
    async with undone(lite.transaction(transaction_type=TransactionType.immediate)) as block:
        await attempt_and_swallow(lite, block, name)

    assert not lite.transaction_exists()
    async with lite.transaction():
        assert await AsyncSequence(name).next_value(lite) == 1


ENGINE = "pass the engine, inside `async with DB.transaction():`"
COCKROACH = "on CockroachDB no number can be drawn, only on PostgreSQL and SQLite"


async def test_near_misses(lite: SQLiteEngine, postgres: str) -> None:
    cockroach: Any = object.__new__(CockroachEngine)
    cockroach.current_transaction = lite.current_transaction
    async with lite.transaction() as transaction:
        savepoint = await transaction.savepoint()
    strangers: list[tuple[Any, str]] = [
        (lite.transaction(), f"it isn't entered: {ENGINE}"),
        (lite.atomic(), ENGINE),
        (savepoint, "pass the engine, or the transaction of the savepoint"),
        (cockroach, COCKROACH),
        (PostgresTransaction(cockroach), COCKROACH),
    ]
    for stranger, hint in strangers:
        with pytest.raises(UnsupportedConnection) as caught:
            await AsyncSequence().next_value(stranger)
        assert caught.value.hint == hint
