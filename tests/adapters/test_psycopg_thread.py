"""What only psycopg's sync connection does, in worker threads; natively on trio too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import psycopg
import psycopg_pool
import pytest
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row

from aseq import AsyncSequence, NotInTransaction, is_retryable
from tests.adapters.test_psycopg import works
from tests.cases import Case
from tests.clients import PsycopgThread
from tests.database import Database

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])

Connection = psycopg.Connection[Any]


class OwnConnection(psycopg.Connection[Any]):
    """An application's own."""


@pytest.fixture
def database(postgres: str) -> Database:
    database = Database(Case(PsycopgThread, "postgresql"), postgres)
    database.create_tables()
    return database


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with OwnConnection.connect(database.url, autocommit=True) as conn:
        yield conn


@pytest.mark.parametrize(
    "factory",
    [dict_row, class_row(dict), namedtuple_row, scalar_row],
    ids=["dict", "class", "namedtuple", "scalar"],
)
async def test_any_row_factory(conn: Connection, name: str, factory: Any) -> None:
    conn.row_factory = factory
    with conn.transaction():
        await works(AsyncSequence(name), conn)


@pytest.mark.parametrize("factory", [psycopg.RawCursor, psycopg.ClientCursor])
async def test_any_cursor_factory(conn: Connection, name: str, factory: Any) -> None:
    conn.cursor_factory = factory
    with conn.transaction():
        await works(AsyncSequence(name), conn)


async def test_in_a_pipeline(database: Database, conn: Connection, name: str) -> None:
    seq = AsyncSequence(name)
    with conn.transaction(), conn.pipeline():
        conn.execute("SELECT 1")
        await works(seq, conn)
        assert await seq.next_value(conn) == 1
    with conn.pipeline() as pipeline, conn.transaction():
        pipeline.sync()
        assert await seq.next_value(conn) == 2

    assert database.last(name) == 2


async def test_begins_by_itself_unless_told_not_to(
    database: Database, conn: Connection, name: str
) -> None:
    seq = AsyncSequence(name)
    with pytest.raises(NotInTransaction, match=r"open a transaction with `with conn\."):
        await seq.next_value(conn)
    conn.autocommit = False
    assert await seq.next_value(conn) == 1
    conn.rollback()
    assert await seq.next_value(conn) == 1
    conn.commit()

    assert database.last(name) == 1


async def test_the_transaction_ends_before_the_draws_turn(
    database: Database, conn: Connection, name: str
) -> None:
    """In autocommit mode the number would be committed by itself, behind the COMMIT."""
    seq, refused = AsyncSequence(name), list[NotInTransaction]()
    conn.execute("BEGIN")

    async def draw() -> None:
        with pytest.raises(NotInTransaction, match="open a transaction with") as caught:
            await seq.next_value(conn)
        refused.append(caught.value)

    async with anyio.create_task_group() as group:
        with conn.lock:
            group.start_soon(draw)
            await anyio.wait_all_tasks_blocked()
            conn.pgconn.exec_(b"COMMIT")

    assert len(refused) == 1
    assert database.last(name) is None


async def test_what_a_pool_hands_out(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    pool = psycopg_pool.ConnectionPool(database.url, min_size=1, max_size=1, open=True)
    with pool, pool.connection() as conn:
        assert await seq.next_value(conn) == 1

    assert database.last(name) == 1


@pytest.mark.parametrize("required", [True, False])
async def test_a_closed_connection_is_the_drivers_word(
    conn: Connection, name: str, required: bool
) -> None:
    conn.close()
    with pytest.raises(psycopg.OperationalError, match="closed") as caught:
        await AsyncSequence(name, require_transaction=required).next_value(conn)

    assert type(caught.value) is psycopg.OperationalError
    assert not is_retryable(caught.value)
