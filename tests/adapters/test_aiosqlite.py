"""What only aiosqlite does, and the private names of it that the adapter rests on."""

from __future__ import annotations

import asyncio
import inspect
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event
from typing import Any

import aiosqlite
import pytest

from aseq import AsyncSequence, NotInTransaction, create_table


class OwnConnection(aiosqlite.Connection):
    """An application's own."""


@pytest.fixture
async def conn(tmp_path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(tmp_path / "aseq.db") as conn:
        await create_table(conn)
        await conn.commit()
        yield conn


def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@pytest.mark.parametrize("factory", [sqlite3.Row, as_dict, lambda _, row: row[0]])
async def test_any_row_factory(conn: aiosqlite.Connection, factory: Any) -> None:
    seq = AsyncSequence()
    conn.row_factory = factory
    assert await seq.next_value(conn) == 1
    assert await seq.next_values(conn, 2, nowait=True) == range(2, 4)
    assert await seq.advance_to(conn, 9) == 9
    assert await seq.last_value(conn) == 9
    assert await seq.delete(conn) is True
    assert conn.row_factory is factory


async def test_a_gather_takes_turns(conn: aiosqlite.Connection) -> None:
    seq = AsyncSequence()
    drawn = await asyncio.gather(*(seq.next_value(conn) for _ in range(5)))
    await conn.commit()
    await conn.rollback()

    assert sorted(drawn) == [1, 2, 3, 4, 5]
    assert await seq.last_value(conn) == 5


async def test_the_transaction_ends_before_the_draws_turn(
    conn: aiosqlite.Connection,
) -> None:
    """In autocommit mode the number would be committed by itself, behind the COMMIT."""
    seq, go = AsyncSequence(), Event()
    execute: Any = conn._execute
    await execute(setattr, conn._conn, "isolation_level", None)
    await conn.execute("BEGIN IMMEDIATE")
    first = [asyncio.ensure_future(execute(go.wait)), asyncio.ensure_future(conn.commit())]
    drawing = asyncio.ensure_future(seq.next_value(conn))
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(NotInTransaction, match="BEGIN IMMEDIATE"):
        await drawing
    await asyncio.gather(*first)

    assert await seq.last_value(conn) is None


async def test_a_number_leaves_no_statement_open(
    conn: aiosqlite.Connection, tmp_path: Path
) -> None:
    """An open one would keep the write lock after the commit."""
    await AsyncSequence().next_value(conn)
    await conn.commit()
    async with aiosqlite.connect(tmp_path / "aseq.db", timeout=0) as other:
        assert await AsyncSequence().next_value(other) == 2
        await other.commit()


async def test_a_database_in_memory() -> None:
    seq = AsyncSequence()
    async with aiosqlite.connect(":memory:") as conn:
        await create_table(conn)
        assert await seq.next_value(conn) == 1
        await conn.rollback()
        assert await seq.next_value(conn) == 1


async def test_a_subclass(tmp_path: Path) -> None:
    conn = OwnConnection(lambda: sqlite3.connect(tmp_path / "aseq.db"), 64)
    async with conn:
        await create_table(conn)
        assert await AsyncSequence().next_value(conn) == 1


async def test_a_closed_connection_is_the_drivers_word(conn: aiosqlite.Connection) -> None:
    await conn.close()
    with pytest.raises(ValueError, match="no active connection") as caught:
        await AsyncSequence().next_value(conn)

    assert type(caught.value) is ValueError


async def test_the_private_names_that_we_use(conn: aiosqlite.Connection) -> None:
    """`_execute` runs a function in the connection's thread; `_conn` is sqlite3's own."""
    assert isinstance(conn._conn, sqlite3.Connection)
    execute: Any = conn._execute
    assert list(inspect.signature(execute).parameters) == ["fn", "args", "kwargs"]
    assert await execute(lambda raw: raw is conn._conn, conn._conn) is True


@pytest.mark.parametrize("later", range(8))
async def test_closed_while_a_draw_is_cancelled(tmp_path: Path, later: int) -> None:
    """A shutdown: the cancellation arrives, whatever else happens to the connection."""
    for ticks in range(9):
        conn = await aiosqlite.connect(tmp_path / f"{ticks}.db", isolation_level=None)
        await create_table(conn)
        await conn.execute("BEGIN IMMEDIATE")
        draw = asyncio.ensure_future(AsyncSequence().next_value(conn))
        for _ in range(ticks):
            await asyncio.sleep(0)
        if ticks > 3:
            before: Any = conn._conn
            end = asyncio.get_running_loop().time() + 20
            while not before.total_changes:  # the thread is done, the loop hasn't looked
                assert asyncio.get_running_loop().time() < end
        draw.cancel()
        for _ in range(later):
            await asyncio.sleep(0)
        closing = asyncio.ensure_future(conn.close())
        [outcome] = await asyncio.gather(draw, return_exceptions=True)
        await closing
        assert outcome == 1 or isinstance(outcome, asyncio.CancelledError), outcome
