"""sqlite3's own connections, driven in worker threads; natively on trio too."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from aseq import (
    AsyncSequence,
    NotInTransaction,
    UnsupportedConnection,
    create_table,
    create_table_sql,
)
from aseq.adapters import dbapi

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


class OwnConnection(sqlite3.Connection):
    """An application's own."""


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(
        sqlite3.connect(tmp_path / "aseq.db", factory=OwnConnection, check_same_thread=False)
    ) as conn:
        conn.execute(create_table_sql("sqlite"))
        yield conn


def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@pytest.mark.parametrize("factory", [None, sqlite3.Row, as_dict, lambda _, row: row[0]])
async def test_any_row_factory(conn: sqlite3.Connection, factory: Any) -> None:
    seq = AsyncSequence()
    conn.row_factory = factory
    assert await seq.next_value(conn) == 1
    assert await seq.next_values(conn, 2, nowait=True) == range(2, 4)
    assert await seq.advance_to(conn, 9) == 9
    assert await seq.last_value(conn) == 9
    assert await seq.delete(conn) is True
    assert conn.row_factory is factory


async def test_a_connection_of_one_thread_only(tmp_path: Path) -> None:
    """The default of sqlite3.connect(): refused with the way out, and nothing is drawn."""
    seq = AsyncSequence()
    with closing(sqlite3.connect(tmp_path / "aseq.db")) as conn:
        conn.execute(create_table_sql("sqlite"))
        conn.execute("BEGIN")
        for nowait in (False, True):
            with pytest.raises(UnsupportedConnection) as caught:
                await seq.next_value(conn, nowait=nowait)
        with pytest.raises(UnsupportedConnection):
            await seq.last_value(conn)
        with pytest.raises(UnsupportedConnection):
            await create_table(conn, "another")
        conn.commit()
        assert conn.execute("SELECT count(*) FROM aseq_sequence").fetchone() == (0,)

    assert caught.value.type == "sqlite3.Connection"
    assert str(caught.value) == (
        "can't draw numbers on sqlite3.Connection: open it with check_same_thread=False: "
        "aseq uses it in worker threads"
    )
    assert isinstance(caught.value.__cause__, sqlite3.ProgrammingError)


async def test_tasks_take_turns(conn: sqlite3.Connection) -> None:
    """Two threads that are both to begin the transaction would collide."""
    seq = AsyncSequence()
    drawn: list[int] = []

    async def draw() -> None:
        drawn.append(await seq.next_value(conn))

    for round_ in range(60):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(draw)
        if round_ % 2:
            conn.rollback()
            del drawn[-5:]
        else:
            conn.commit()

    assert sorted(drawn) == list(range(1, 151))
    assert await seq.last_value(conn) == 150


async def test_the_transaction_ends_before_the_draws_turn(conn: sqlite3.Connection) -> None:
    """In autocommit mode the number would be committed by itself, behind the COMMIT."""
    seq, refused = AsyncSequence(), list[NotInTransaction]()
    conn.isolation_level = None
    conn.execute("BEGIN IMMEDIATE")

    async def draw() -> None:
        with pytest.raises(NotInTransaction) as caught:
            await seq.next_value(conn)
        refused.append(caught.value)

    async with anyio.create_task_group() as group:
        with dbapi.ConnectionLock(conn):
            group.start_soon(draw)
            await until(lambda: dbapi._locks[id(conn)].users == 2)
            conn.execute("COMMIT")

    assert len(refused) == 1
    assert await seq.last_value(conn) is None


async def until(reached: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not reached():  # noqa: ASYNC110  # a thread gets there
            await anyio.sleep(0.001)


@pytest.fixture
async def two_threads() -> AsyncIterator[None]:
    """As if 38 of the 40 threads that anyio has for everybody were busy."""
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens, usual = 2, limiter.total_tokens
    yield
    limiter.total_tokens = usual


@pytest.mark.usefixtures("two_threads")
async def test_waiters_do_not_use_up_the_threads(tmp_path: Path) -> None:
    """They would wait for the one that holds the lock, and it for a thread."""
    path = tmp_path / "aseq.db"
    seq, drawn = AsyncSequence(), list[int]()

    async def draw() -> None:
        with closing(sqlite3.connect(path, timeout=60, check_same_thread=False)) as conn:
            drawn.append(await seq.next_value(conn))
            conn.commit()

    with closing(sqlite3.connect(path, timeout=60, check_same_thread=False)) as holder:
        holder.execute(create_table_sql("sqlite"))
        drawn.append(await seq.next_value(holder))
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(draw)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(20):
                drawn.append(await seq.next_value(holder))
            holder.commit()

    assert drawn == [1, 2, 3, 4, 5, 6]


async def test_a_closed_connection_is_the_drivers_word(conn: sqlite3.Connection) -> None:
    conn.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database") as caught:
        await AsyncSequence().next_value(conn)

    assert type(caught.value) is sqlite3.ProgrammingError
