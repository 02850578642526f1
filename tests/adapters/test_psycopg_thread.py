"""What only psycopg's sync connection does, in worker threads; natively on trio too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import psycopg
import psycopg_pool
import pytest
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row

from aseq import AsyncSequence, NotInTransaction, _loss, is_retryable
from aseq._concurrency import lease
from tests.adapters.loaders import AsFloat, Refusing, works
from tests.cases import Case
from tests.clients import PsycopgThread
from tests.database import Database
from tests.faults.aftermath import assert_free
from tests.faults.attempts import Attempt
from tests.proxy import proxy_before

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


@pytest.mark.parametrize("loader", [AsFloat, Refusing])
async def test_a_loader_that_would_lose_a_number(
    conn: Connection, name: str, loader: type[Loader]
) -> None:
    conn.adapters.register_loader("int8", loader)
    seq = AsyncSequence(name)
    with conn.transaction():
        await seq.advance_to(conn, 2**53)
        assert [await seq.next_value(conn) for _ in range(2)] == [2**53 + 1, 2**53 + 2]


async def test_a_transaction_ended_while_the_draw_waited(
    database: Database, conn: Connection, name: str
) -> None:
    """psycopg would begin another one for it, which nobody would end."""
    conn.autocommit = False
    conn.execute("SELECT 1")

    async def draw() -> None:
        with pytest.raises(NotInTransaction, match="has ended since"):
            await AsyncSequence(name).next_value(conn)

    async with anyio.create_task_group() as group:
        with conn.lock:
            group.start_soon(draw)
            await anyio.wait_all_tasks_blocked()
            conn.pgconn.exec_(b"COMMIT")

    assert conn.info.transaction_status is TransactionStatus.IDLE
    assert database.last(name) is None


async def test_cancelled_while_another_thread_has_the_connection(
    database: Database, conn: Connection, name: str
) -> None:
    """It doesn't wait for the other's statement, nor is that one hit."""
    seq = AsyncSequence(name)
    with conn.transaction():
        with conn.lock, anyio.move_on_after(0) as scope:
            await seq.next_value(conn)
        with conn.lock, anyio.move_on_after(0.05) as later:
            await seq.next_value(conn)
        assert scope.cancelled_caught
        assert later.cancelled_caught
        assert await seq.next_value(conn) == 1

    assert database.last(name) == 1


async def test_a_sibling_that_keeps_the_loop_from_turning(
    database: Database, conn: Connection, name: str
) -> None:
    """It waits for the lock, and the draw for the loop, which has to give the lock back."""
    seq, drawn = AsyncSequence(name), list[int]()

    async def draw() -> None:
        drawn.append(await seq.next_value(conn))

    with conn.transaction():
        for turns in range(8):
            async with anyio.create_task_group() as group:
                group.start_soon(draw)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                conn.execute("SELECT 1")

    assert drawn == [1, 2, 3, 4, 5, 6, 7, 8]
    assert database.last(name) == 8


async def test_cancelled_after_the_lock_was_given_back(
    database: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sibling's savepoint may have begun since: only the end of the connection is safe."""
    monkeypatch.setattr(lease, "GRACE", 0.01)
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(database.url) as proxy, OwnConnection.connect(proxy.url) as conn:
        conn.execute("INSERT INTO saved VALUES (%s, 0)", (name,))
        proxy.hold_answers()
        async with anyio.create_task_group() as group:
            group.start_soon(attempt, lambda: seq.next_value(conn))
            await anyio.to_thread.run_sync(proxy.wait_for_answer)
            proxy.deliver()
            with conn.lock:  # the loop doesn't turn, and the lock is free all the same
                attempt.cancel("scope")
        assert attempt.error is not None
        assert attempt.error.__notes__ == [_loss.GIVEN_UP_NOTE]
        with pytest.raises(psycopg.OperationalError, match=r"closed|lost"):
            conn.commit()
    await assert_free(database, name)


async def test_a_lost_number_in_a_pipeline_is_told(database: Database, name: str) -> None:
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(database.url) as proxy, OwnConnection.connect(proxy.url) as conn:
        with conn.transaction(), conn.pipeline() as pipeline:
            conn.execute("INSERT INTO saved VALUES (%s, 0)", (name,))
            pipeline.sync()
            proxy.hold_answers()
            async with anyio.create_task_group() as group:
                group.start_soon(attempt, lambda: seq.next_value(conn))
                await anyio.to_thread.run_sync(proxy.wait_for_answer)
                attempt.cancel("scope")
                proxy.release()
            assert conn.info.transaction_status is TransactionStatus.INERROR
        assert attempt.error is not None
        assert attempt.error.__notes__ == [_loss.UNUSABLE_NOTE]
        assert database.saved(name) == []
        assert await seq.next_value(conn) == 1


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
