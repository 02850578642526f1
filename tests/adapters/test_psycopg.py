"""What only psycopg does: row and cursor factories, and the pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import anyio.to_thread
import psycopg
import psycopg_pool
import pytest
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row

from aseq import AsyncSequence, NotInTransaction, _loss
from tests.adapters.loaders import AsFloat, Refusing, works
from tests.blocks import undone
from tests.cases import Case
from tests.clients import Psycopg
from tests.database import Database
from tests.observer import observing
from tests.proxy import proxy_before

Connection = psycopg.AsyncConnection[Any]


class OwnConnection(psycopg.AsyncConnection[Any]):
    """An application's own."""


@pytest.fixture
def database(postgres: str) -> Database:
    database = Database(Case(Psycopg, "postgresql"), postgres)
    database.create_tables()
    return database


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[Connection]:
    async with await OwnConnection.connect(database.url, autocommit=True) as conn:
        yield conn


@pytest.mark.parametrize(
    "factory",
    [dict_row, class_row(dict), namedtuple_row, scalar_row],
    ids=["dict", "class", "namedtuple", "scalar"],
)
async def test_any_row_factory(conn: Connection, name: str, factory: Any) -> None:
    conn.row_factory = factory
    async with conn.transaction():
        await works(AsyncSequence(name), conn)


@pytest.mark.parametrize(
    "factory", [psycopg.AsyncRawCursor, psycopg.AsyncClientCursor, psycopg.AsyncCursor]
)
async def test_any_cursor_factory(conn: Connection, name: str, factory: Any) -> None:
    conn.cursor_factory = factory
    async with conn.transaction():
        await works(AsyncSequence(name), conn)


class AsText(Loader):
    """An application's own: JavaScript can't hold every bigint."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


async def test_a_loader_for_bigint(conn: Connection, name: str) -> None:
    conn.adapters.register_loader("int8", AsText)
    async with conn.transaction():
        await works(AsyncSequence(name), conn)


@pytest.mark.parametrize("loader", [AsFloat, Refusing])
async def test_a_loader_that_would_lose_a_number(
    database: Database, conn: Connection, name: str, loader: type[Loader]
) -> None:
    conn.adapters.register_loader("int8", loader)
    seq = AsyncSequence(name)
    async with conn.transaction():
        await seq.advance_to(conn, 2**53)
        drawn = [await seq.next_value(conn), await seq.next_value(conn)]

    assert drawn == [2**53 + 1, 2**53 + 2]
    assert [type(number) for number in drawn] == [int, int]
    assert database.last(name) == 2**53 + 2


@pytest.mark.parametrize("threshold", [0, None])
async def test_prepared_at_once_or_never(
    conn: Connection, name: str, threshold: int | None
) -> None:
    conn.prepare_threshold = threshold
    async with conn.transaction():
        await works(AsyncSequence(name), conn)


async def test_in_a_pipeline(database: Database, conn: Connection, name: str) -> None:
    seq = AsyncSequence(name)
    async with conn.transaction(), conn.pipeline():
        await conn.execute("SELECT 1")
        await works(seq, conn)
        assert await seq.next_value(conn) == 1
    async with conn.pipeline() as pipeline, conn.transaction():
        await pipeline.sync()
        assert await seq.next_value(conn) == 2

    assert database.last(name) == 2


async def test_a_pipeline_hides_whether_there_is_a_transaction(
    database: Database, conn: Connection, name: str
) -> None:
    seq = AsyncSequence(name)
    async with conn.pipeline():
        await conn.execute("SELECT 1")
        with pytest.raises(NotInTransaction) as caught:
            await seq.next_value(conn)

    assert caught.value.hint == (
        "the connection is in autocommit mode: sync the pipeline inside a transaction"
    )
    assert database.last(name) is None


async def test_a_gather_takes_turns(database: Database, conn: Connection, name: str) -> None:
    seq = AsyncSequence(name)
    async with conn.transaction():
        drawn = await asyncio.gather(*(seq.next_value(conn) for _ in range(5)))
    with pytest.raises(NotInTransaction):
        await asyncio.gather(seq.next_value(conn), conn.execute("SELECT 1"))

    assert sorted(drawn) == [1, 2, 3, 4, 5]
    assert database.last(name) == 5


async def test_the_block_ends_before_the_draws_turn(
    database: Database, conn: Connection, name: str
) -> None:
    """In autocommit mode the number would be committed by itself, behind the COMMIT."""
    seq = AsyncSequence(name)
    block = conn.transaction()
    await block.__aenter__()
    ending = asyncio.ensure_future(block.__aexit__(None, None, None))
    drawing = asyncio.ensure_future(seq.next_value(conn))
    with pytest.raises(NotInTransaction, match="open a transaction with"):
        await drawing
    await ending

    assert database.last(name) is None


async def test_the_transaction_ends_before_the_draws_turn(
    database: Database, conn: Connection, name: str
) -> None:
    """psycopg would begin another one for it, which nobody would end."""
    seq = AsyncSequence(name)
    await conn.set_autocommit(False)
    await conn.execute("SELECT 1")
    ending = asyncio.ensure_future(conn.commit())
    drawing = asyncio.ensure_future(seq.next_value(conn))
    with pytest.raises(NotInTransaction, match="has ended since"):
        await drawing
    await ending

    assert conn.info.transaction_status is TransactionStatus.IDLE
    assert database.last(name) is None


async def test_a_pipeline_ends_the_transaction_before_the_draw(
    database: Database, conn: Connection, name: str
) -> None:
    """What was sent before is read first: the number would be committed by itself."""
    seq = AsyncSequence(name)
    await conn.set_autocommit(False)
    async with conn.pipeline() as pipeline:
        await conn.execute("SELECT 1")
        await pipeline.sync()
        await conn.execute("COMMIT")
        with pytest.raises(NotInTransaction, match="has ended since"):
            await seq.next_value(conn)

    assert database.last(name) is None


async def test_begins_by_itself_unless_told_not_to(
    database: Database, conn: Connection, name: str
) -> None:
    seq = AsyncSequence(name)
    await conn.set_autocommit(False)
    assert await seq.next_value(conn) == 1
    await conn.rollback()
    assert await seq.next_value(conn) == 1
    await conn.commit()
    await conn.set_autocommit(True)
    with pytest.raises(NotInTransaction):
        await seq.next_value(conn)

    assert database.last(name) == 1


async def test_what_a_pool_hands_out(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with psycopg_pool.AsyncConnectionPool(
        database.url, min_size=1, max_size=1, open=False
    ) as pool:
        async with pool.connection() as conn:
            assert await seq.next_value(conn) == 1
        async with undone(pool.connection()) as conn:
            assert await seq.next_value(conn) == 2

    assert database.last(name) == 1


async def test_an_aborted_transaction_is_asked_nothing(
    database: Database, conn: Connection, name: str
) -> None:
    """psycopg would take the server's answer, after a cancellation, for a broken connection."""
    seq = AsyncSequence(name)
    with observing(database.url) as observer:
        async with undone(conn.transaction()):
            with pytest.raises(psycopg.errors.DivisionByZero):
                await conn.execute("SELECT 1/0")
            before = observer.heard(conn.info.backend_pid)
            for _ in range(2):
                with pytest.raises(psycopg.errors.InFailedSqlTransaction) as caught:
                    await seq.next_value(conn)
                assert "commands ignored until end" in str(caught.value)
                assert caught.value.sqlstate == "25P02"
                assert not hasattr(caught.value, "__notes__")
            assert observer.heard(conn.info.backend_pid) == before
    async with conn.transaction():
        assert await seq.next_value(conn) == 1


@pytest.mark.parametrize("autocommit", [False, True])
async def test_a_lost_number_in_a_pipeline_is_told(
    database: Database, name: str, autocommit: bool, caplog: pytest.LogCaptureFixture
) -> None:
    seq = AsyncSequence(name)
    caplog.set_level("INFO", "aseq")
    with proxy_before(database.url) as proxy:
        async with await OwnConnection.connect(proxy.url, autocommit=autocommit) as conn:
            async with conn.transaction(), conn.pipeline() as pipeline:
                await conn.execute("INSERT INTO saved VALUES (%s, 0)", (name,))
                await pipeline.sync()
                proxy.hold_answers()
                drawing = asyncio.ensure_future(seq.next_value(conn))
                await anyio.to_thread.run_sync(proxy.wait_for_answer)
                drawing.cancel()
                proxy.release()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await drawing
                assert conn.info.transaction_status is TransactionStatus.INERROR
            assert caught.value.__notes__ == [_loss.UNUSABLE_NOTE]
            assert [vars(r)["aseq_event"] for r in caplog.records] == ["number_lost"]
            assert database.saved(name) == []
            async with conn.transaction():
                assert await seq.next_value(conn) == 1


async def test_what_was_sent_before_in_a_pipeline_says_its_error_itself(
    database: Database, conn: Connection, name: str
) -> None:
    seq = AsyncSequence(name)
    await conn.set_autocommit(False)
    async with conn.pipeline():
        assert await seq.next_value(conn) == 1
        await conn.execute("SELECT 1/0")
        with pytest.raises(psycopg.errors.DivisionByZero) as caught:
            await seq.next_value(conn)
        assert not hasattr(caught.value, "__notes__")
        await conn.rollback()

    assert database.last(name) is None


async def test_a_draw_left_alone_hits_nobody(
    database: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Cancelled and not awaited, when its block has ended: the next user is innocent."""
    seq = AsyncSequence(name)
    pool = psycopg_pool.AsyncConnectionPool(database.url, min_size=1, max_size=1, open=False)
    async with pool, database.connect() as holder:
        for _ in range(20):
            async with holder.transaction():
                await seq.next_value(holder.conn)
                with suppress(ZeroDivisionError):
                    async with pool.connection() as conn:
                        drawing = asyncio.create_task(seq.next_value(conn))
                        with observing(database.url) as observer:
                            await observer.until_waiting(conn.info.backend_pid)
                        drawing.cancel()
                        raise ZeroDivisionError
                async with pool.connection() as conn:
                    await conn.execute("INSERT INTO saved VALUES (%s, 0)", (f"{name}-other",))
                with pytest.raises(asyncio.CancelledError):
                    await drawing

    assert database.saved(f"{name}-other") == [0] * 20
    assert database.last(name) == 20


async def test_a_coroutine_closed_in_mid_air_hurts_no_other_connection(
    database: Database, name: str
) -> None:
    """A descriptor that is closed while something waits on it is mixed up with the next."""
    for _ in range(10):
        conn = await OwnConnection.connect(database.url)
        await conn.execute("SELECT 1")
        async with database.connect() as holder, holder.transaction():
            await AsyncSequence(name).next_value(holder.conn)
            draw = AsyncSequence(name).next_value(conn)
            answer = draw.send(None)
            answer._asyncio_future_blocking = False
            with observing(database.url) as observer:
                await observer.until_waiting(conn.info.backend_pid)
            draw.close()
            async with await OwnConnection.connect(database.url) as innocent:
                await innocent.execute("SELECT 1")
        await conn.close()


@pytest.mark.parametrize("required", [True, False])
async def test_a_closed_connection_is_the_drivers_word(
    conn: Connection, name: str, required: bool
) -> None:
    await conn.close()
    with pytest.raises(psycopg.OperationalError, match="closed") as caught:
        await AsyncSequence(name, require_transaction=required).next_value(conn)

    assert type(caught.value) is psycopg.OperationalError
