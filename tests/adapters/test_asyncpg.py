"""What only asyncpg does."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import anyio.to_thread
import asyncpg
import pytest
from asyncpg.protocol.protocol import BaseProtocol

from aseq import AsyncSequence, NotInTransaction, allocate, holders
from aseq.adapters._asyncpg import BUSY, TALKS, HeldProtocol, Hold
from aseq.adapters.asyncpg import AsyncpgExecutor
from tests.blocks import undone
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


@pytest.mark.parametrize("waiting", [{}, {"nowait": True}, {"timeout": 20}], ids=str)
async def test_a_codec_for_json(database: Database, name: str, waiting: dict[str, Any]) -> None:
    """It would encode once more what is told as JSON."""
    one, other = AsyncSequence(name), AsyncSequence(f"{name}-other", reset_value=4)
    conn = await asyncpg.connect(database.url)
    try:
        for kind in ("json", "jsonb"):
            await conn.set_type_codec(
                kind, schema="pg_catalog", encoder=json.dumps, decoder=json.loads
            )
        async with conn.transaction():
            for first in (1, 2):
                drawn = await allocate(conn, {one: 1, other: 1}, **waiting)
                assert {seq: list(values) for seq, values in drawn.items()} == {
                    one: [first],
                    other: [first],
                }
            held = {each.sequence for each in await holders(conn, one, other)}
            assert held == {one.name, other.name}
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


@pytest.mark.parametrize("late", [False, True], ids=["unanswered", "answered"])
@pytest.mark.parametrize("tick", range(8))
async def test_no_commit_comes_between_a_draw_and_its_abort(
    database: Database, name: str, tick: int, late: bool
) -> None:
    """Cancelled and not awaited: the block ends at any moment after that."""
    seq = AsyncSequence(name)
    with proxy_before(database.url) as proxy:
        conn = await asyncpg.connect(proxy.url)
        async with conn.transaction():
            await conn.execute("INSERT INTO saved VALUES ($1, $2)", name, 0)
            await conn.execute("DELETE FROM saved WHERE name = $1", name)
            assert await seq.next_value(conn) == 1
        with suppress(asyncpg.InterfaceError):
            async with conn.transaction():
                proxy.hold_answers()
                drawing = asyncio.create_task(seq.next_value(conn))
                await anyio.to_thread.run_sync(proxy.wait_for_answer)
                proxy.deliver()
                for _ in range(tick if late else 0):
                    await asyncio.sleep(0)
                drawing.cancel()
                for _ in range(0 if late else tick):
                    await asyncio.sleep(0)
        [drawn] = await asyncio.gather(drawing, return_exceptions=True)
        conn.terminate()

    assert database.last(name) == (drawn if drawn == 2 else 1)


async def test_others_wait_for_an_abort_and_are_turned_away_otherwise(
    database: Database, name: str
) -> None:
    async with database.connect() as client:
        conn = client.conn
        async with undone(conn.transaction()):
            executor = AsyncpgExecutor(conn)
            async with executor.hold():
                await executor.fetch("SELECT 1", ())

                other = asyncio.create_task(conn.execute("SELECT 1"))
                with pytest.raises(asyncpg.InterfaceError, match="another operation"):
                    await other
                second = asyncio.create_task(AsyncSequence(name).next_value(conn))
                with pytest.raises(asyncpg.InterfaceError, match="another operation"):
                    await second

                executor._hold.let_wait()
                waiting = asyncio.create_task(conn.execute("SELECT 1"))
                drawing = asyncio.create_task(AsyncSequence(name).next_value(conn))
                for _ in range(10):
                    await asyncio.sleep(0)
                assert not waiting.done()
                assert not drawing.done()
            assert await waiting == "SELECT 1"
            with suppress(asyncpg.InterfaceError):
                assert await drawing == 1
        await conn.execute("SELECT 1")
    assert database.last(name) is None


async def test_a_connection_closed_while_it_is_held(database: Database) -> None:
    async with database.connect() as client:
        executor = AsyncpgExecutor(client.conn)
        async with executor.hold():
            executor.terminate()
        assert client.conn.is_closed()
        async with executor.hold():
            pass
        assert client.conn.is_closed()


async def test_the_private_names_of_asyncpg(database: Database) -> None:
    advice = (
        "asyncpg changed: while a draw holds a connection, its `_protocol` is a HeldProtocol, "
        "which knows by the names in TALKS what sends something. Look at what Connection and "
        "Transaction call on the protocol now, and at where a pool's proxy has its `_con`."
    )
    async with asyncpg.create_pool(database.url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as proxy:
            conn: Any = proxy._con
            assert isinstance(conn, asyncpg.Connection), advice
            assert isinstance(conn._protocol, BaseProtocol), advice
            for talks in TALKS:
                assert callable(getattr(BaseProtocol, talks, None)), advice
            async with Hold(proxy):
                assert isinstance(conn._protocol, HeldProtocol), advice
                for method in (
                    conn.execute("SELECT 1"),
                    conn.execute("SELECT $1::int", 1),
                    conn.fetch("SELECT 2"),
                    conn.prepare("SELECT 3"),
                    conn.executemany("SELECT $1::int", [(1,)]),
                    conn.transaction().start(),
                    conn.copy_from_query("SELECT 1", output="/dev/null"),
                    conn.copy_records_to_table("saved", records=[]),
                ):
                    with pytest.raises(asyncpg.InterfaceError, match=BUSY):
                        await asyncio.create_task(method)
            assert isinstance(conn._protocol, BaseProtocol), advice
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
