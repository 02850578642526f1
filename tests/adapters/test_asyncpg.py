"""What only asyncpg does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from asyncpg.transaction import TransactionState

from aseq import AsyncSequence, NotInTransaction
from aseq.adapters.asyncpg import AsyncpgExecutor
from tests.cases import Case
from tests.clients import Asyncpg
from tests.database import Database
from tests.observer import observing
from tests.proxy import proxy_before


@pytest.fixture
def database(postgres: str) -> Database:
    database = Database(Case(Asyncpg, "postgresql"), postgres)
    database.create_tables()
    return database


async def test_the_loser_of_a_gather_does_not_spoil_the_winner(
    database: Database, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await client.execute("SELECT 1")
            first, *others = await asyncio.gather(
                *(seq.next_value(client.conn) for _ in range(4)), return_exceptions=True
            )
            assert first == 1
            await client.save(name, 1)

        assert {str(each) for each in others} == {
            "cannot perform operation: another operation is in progress"
        }
        assert {type(each) for each in others} == {asyncpg.InterfaceError}
        assert [getattr(each, "__notes__", []) for each in others] == [[], [], []]
    assert database.saved(name) == [1]
    assert database.last(name) == 1


async def test_a_transaction_begun_by_hand(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        await client.execute("BEGIN")
        assert await seq.next_value(client.conn) == 1
        await client.execute("COMMIT")
        assert database.last(name) == 1
        with pytest.raises(NotInTransaction):
            await seq.next_value(client.conn)


class OwnConnection(asyncpg.Connection):  # type: ignore[misc]
    """An application's own."""


class OwnRecord(asyncpg.Record):  # type: ignore[misc]
    def __getattr__(self, column: str) -> Any:
        return self[column]


@pytest.mark.parametrize(
    "options",
    [
        {"connection_class": OwnConnection},
        {"record_class": OwnRecord},
        {"statement_cache_size": 0},
        {"server_settings": {"search_path": "public"}},
    ],
    ids=lambda options: next(iter(options)),
)
async def test_any_options(database: Database, name: str, options: dict[str, Any]) -> None:
    seq = AsyncSequence(name)
    conn = await asyncpg.connect(database.url, **options)
    try:
        async with conn.transaction():
            assert await seq.next_value(conn) == 1
            assert await seq.next_values(conn, 2, nowait=True) == range(2, 4)
            assert await seq.advance_to(conn, 9) == 9
            assert await seq.last_value(conn) == 9
            assert await seq.delete(conn) is True
    finally:
        conn.terminate()


@pytest.mark.parametrize("decoder", [str, Decimal])
async def test_a_codec_for_bigint(database: Database, name: str, decoder: Any) -> None:
    seq, looping = AsyncSequence(name), AsyncSequence(name + "-loop", reset_value=4)
    conn = await asyncpg.connect(database.url)
    try:
        await conn.set_type_codec("int8", schema="pg_catalog", encoder=str, decoder=decoder)
        async with conn.transaction():
            assert await seq.last_value(conn) is None
            assert await seq.next_value(conn) == 1
            assert await seq.next_values(conn, 2, nowait=True) == range(2, 4)
            assert await looping.next_values(conn, 3) == range(1, 4)
            assert await looping.next_values(conn, 2) == range(1, 3)
            for moved in (await seq.advance_to(conn, 9), await seq.last_value(conn)):
                assert (type(moved), moved) == (int, 9)
    finally:
        conn.terminate()


async def test_what_a_pool_hands_out(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with asyncpg.create_pool(
        database.url, min_size=1, max_size=1, connection_class=OwnConnection
    ) as pool:
        async with pool.acquire() as conn:
            with pytest.raises(NotInTransaction):
                await seq.next_value(conn)
            async with conn.transaction():
                assert await seq.next_value(conn) == 1
        with pytest.raises(asyncpg.InterfaceError, match="released back to the pool"):
            await seq.next_value(conn)

    assert database.last(name) == 1


@pytest.mark.parametrize("required", [True, False])
async def test_a_closed_connection_is_the_drivers_word(
    database: Database, name: str, required: bool
) -> None:
    conn = await asyncpg.connect(database.url)
    await conn.close()
    with pytest.raises(asyncpg.InterfaceError, match="connection is closed") as caught:
        await AsyncSequence(name, require_transaction=required).next_value(conn)

    assert type(caught.value) is asyncpg.InterfaceError


async def test_another_tasks_statement_before_the_spoiling(
    database: Database, postgres: str, name: str
) -> None:
    """It takes the connection first, so there is no way to abort but to close it."""
    seq = AsyncSequence(name)
    with proxy_before(postgres) as proxy:
        conn = await asyncpg.connect(proxy.url)
        async with conn.transaction():
            await seq.next_value(conn)
        await conn.execute("BEGIN")
        proxy.hold_answers()
        draw = asyncio.create_task(seq.next_value(conn))
        await asyncio.sleep(0)
        await asyncio.to_thread(proxy.wait_for_answer)
        proxy.deliver()
        draw.cancel()
        await asyncio.sleep(0)
        # Which of the two statements comes first isn't the same in every asyncpg.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
            await conn.execute("SELECT 1")
        await asyncio.wait({draw})
        assert draw.cancelled()
        with suppress(asyncpg.InterfaceError):
            await conn.execute("COMMIT")
        conn.terminate()

        conn = await asyncpg.connect(postgres)
        async with conn.transaction():
            assert await seq.next_value(conn) == 2
        await conn.close()


async def test_a_draw_left_alone_hits_nobody(database: Database, name: str) -> None:
    """Cancelled and not awaited, when its block has ended: the next user is innocent."""
    seq = AsyncSequence(name)
    async with (
        asyncpg.create_pool(database.url, min_size=1, max_size=1) as pool,
        database.connect() as holder,
    ):
        for _ in range(10):
            async with holder.transaction():
                await seq.next_value(holder.conn)
                with suppress(ZeroDivisionError, asyncpg.InterfaceError):
                    async with pool.acquire() as conn, conn.transaction():
                        drawing = asyncio.create_task(seq.next_value(conn))
                        with observing(database.url) as observer:
                            await observer.until_waiting(conn.get_server_pid())
                        drawing.cancel()
                        raise ZeroDivisionError
                async with pool.acquire() as conn, conn.transaction():
                    await conn.execute("INSERT INTO saved VALUES ($1, 0)", f"{name}-other")
                with pytest.raises(asyncio.CancelledError):
                    await drawing

    assert database.saved(f"{name}-other") == [0] * 10
    assert database.last(name) == 10


async def test_an_abort_that_comes_too_late_hits_nobody(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    conn = await asyncpg.connect(database.url)
    try:
        async with conn.transaction():
            await seq.next_value(conn)
            executor = AsyncpgExecutor(conn)
            await executor.fetch("SELECT 1", ())
        assert await executor.abort() is False
        async with conn.transaction():
            assert await executor.abort() is False
            await seq.next_value(conn)
    finally:
        conn.terminate()

    assert database.last(name) == 2


async def test_the_private_names_of_asyncpg(database: Database) -> None:
    advice = (
        "asyncpg changed: AsyncpgExecutor knows by `_top_xact`, `_state` and a proxy's `_con` "
        "whether the block that drew is still the connection's transaction. Look at what "
        "Transaction.start() and its ends do to the connection now."
    )
    async with asyncpg.create_pool(database.url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as proxy:
            conn: Any = proxy._con
            assert conn._top_xact is None, advice
            block = proxy.transaction()
            await block.start()
            assert conn._top_xact is block, advice
            async with proxy.transaction():
                assert conn._top_xact is block, advice
            await block.rollback()
            assert conn._top_xact is None, advice
            assert block._state is TransactionState.ROLLEDBACK, advice
        assert proxy._con is None, advice


async def test_whose_error_it_is(database: Database) -> None:
    """What a codec raises came after the draw, whatever its class."""
    conn = await asyncpg.connect(database.url)
    executor = AsyncpgExecutor(conn)
    try:
        with pytest.raises(asyncpg.DataError) as argument:
            await executor.fetch("SELECT $1::bigint", ("x",))
        assert executor.refused(argument.value)
        assert not executor.refused(asyncpg.DataError("by a codec"))
        assert not executor.refused(asyncpg.SerializationError("by a codec"))
        with pytest.raises(asyncpg.DivisionByZeroError) as server:
            await executor.fetch("SELECT 1/0", ())
        assert executor.refused(server.value)
    finally:
        conn.terminate()
