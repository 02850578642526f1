"""Promise 6: what the database says passes unchanged, except what we can say better."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aseq import (
    AseqError,
    AsyncSequence,
    SequenceLocked,
    SequenceTableMissing,
    create_table,
    drop_table,
    is_retryable,
)
from tests.blocks import undone
from tests.clients import Client
from tests.codes import code
from tests.database import Database

DRIVERS = {
    *("asyncmy", "asyncpg", "django", "psycopg", "pymysql", "sqlalchemy", "sqlite3", "tortoise")
}

VERBS: dict[str, Callable[[AsyncSequence, Any], Awaitable[object]]] = {
    "next_value": lambda seq, conn: seq.next_value(conn),
    "next_value-nowait": lambda seq, conn: seq.next_value(conn, nowait=True),
    "next_values": lambda seq, conn: seq.next_values(conn, 3),
    "last_value": lambda seq, conn: seq.last_value(conn),
    "advance_to": lambda seq, conn: seq.advance_to(conn, 5),
    "delete": lambda seq, conn: seq.delete(conn),
}


def is_the_drivers_own(exc: BaseException | None) -> bool:
    return type(exc).__module__.partition(".")[0] in DRIVERS


@pytest.mark.parametrize("table", ["no_table", "no_schema.no_table"])
@pytest.mark.parametrize("verb", VERBS)
async def test_the_table_is_missing(
    database: Database, name: str, table: str, verb: str
) -> None:
    seq = AsyncSequence(name, table=table)
    async with database.connect() as client:
        with pytest.raises(SequenceTableMissing) as caught:
            async with client.transaction():
                await VERBS[verb](seq, client.conn)
        async with client.transaction():  # rolled back, the connection is as good as new
            assert await AsyncSequence(name).next_value(client.conn) == 1

    advice = database.case.client.without_table.format(table=table)
    assert str(caught.value) == f"table {table!r} doesn't exist{advice}"
    assert caught.value.table == table
    assert is_the_drivers_own(caught.value.__cause__)
    assert not is_retryable(caught.value)


async def test_the_advice_creates_the_table(database: Database, name: str) -> None:
    table = name.replace("-", "_")
    seq = AsyncSequence(name, table=table)
    async with database.connect() as client:
        for expected in (1, 2):
            async with client.transaction():
                await create_table(client.conn, table)  # MariaDB commits that at once
            async with client.transaction():
                assert await seq.next_value(client.conn) == expected
        async with client.transaction():
            await drop_table(client.conn, table)
            await drop_table(client.conn, table)
        with pytest.raises(SequenceTableMissing):
            async with client.transaction():
                await seq.next_value(client.conn)


async def break_transaction(client: Client) -> None:
    with pytest.raises(Exception, match="division by zero"):
        await client.execute("SELECT 1 / 0")


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("verb", VERBS)
async def test_an_aborted_transaction_stays_the_servers_word(
    database: Database, name: str, verb: str
) -> None:
    async with database.connect() as client, undone(client.transaction()):
        await break_transaction(client)
        with pytest.raises(Exception) as caught:
            await VERBS[verb](AsyncSequence(name), client.conn)

    assert code(caught.value) == "25P02"
    assert is_the_drivers_own(caught.value)
    assert not is_retryable(caught.value)


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_a_serialization_failure_is_the_servers_word(
    database: Database, name: str, level: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as loser, database.connect() as winner:
        async with winner.transaction():
            await seq.next_value(winner.conn)
        async with undone(loser.transaction()):
            await loser.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
            assert await seq.last_value(loser.conn) == 1
            async with winner.transaction():
                assert await seq.next_value(winner.conn) == 2
            with pytest.raises(Exception) as caught:
                await seq.next_value(loser.conn)
        async with loser.transaction():
            assert await seq.next_value(loser.conn) == 3

    assert code(caught.value) == "40001"
    assert is_the_drivers_own(caught.value)
    assert is_retryable(caught.value)


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("verb", ["next_value", "next_values", "advance_to", "delete"])
async def test_the_callers_own_lock_timeout(
    database: Database, name: str, fair: bool, verb: str
) -> None:
    seq = AsyncSequence(name, fair=fair)
    database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 1)")
    async with database.connect() as holder, database.connect() as client:
        async with holder.transaction(), undone(client.transaction()):
            await seq.next_value(holder.conn)
            await client.execute("SET LOCAL lock_timeout = '1ms'")
            with pytest.raises(SequenceLocked) as caught:
                await VERBS[verb](seq, client.conn)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 3

    # On a busy machine it also says how long it waited.
    assert str(caught.value).partition(" (waited")[0] == (
        f"sequence {name!r} is held by another transaction: the lock timeout ended the "
        "wait and aborted the transaction. Roll back and try again in a new one. "
        "`aseq.holders`, on another connection, tells who holds it"
    )
    assert caught.value.sequence == name
    assert code(caught.value) == "55P03"
    assert is_the_drivers_own(caught.value.__cause__)
    assert is_retryable(caught.value)
    assert is_retryable(caught.value.__cause__)  # type: ignore[arg-type]


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize(
    ("setting", "sqlstate", "retryable"),
    [
        ("SET TRANSACTION READ ONLY", "25006", True),
        ("SET LOCAL statement_timeout = '1ms'", "57014", False),
    ],
)
async def test_other_errors_of_the_server(
    database: Database, name: str, setting: str, sqlstate: str, retryable: bool
) -> None:
    seq = AsyncSequence(name)
    async with (
        database.connect() as holder,
        database.connect() as client,
        holder.transaction(),
        undone(client.transaction()),
    ):
        await seq.next_value(holder.conn)
        await client.execute(setting)
        with pytest.raises(Exception) as caught:
            await seq.next_value(client.conn)

    assert code(caught.value) == sqlstate
    assert is_the_drivers_own(caught.value)
    assert not isinstance(caught.value, AseqError)
    assert is_retryable(caught.value) is retryable


async def test_below_zero_in_the_seeds_table(database: Database, name: str) -> None:
    """Its CHECK refuses it, and that is not ours to say."""
    table = f"{name}-seed".replace("-", "_")
    database.run(
        f"CREATE TABLE {table} (name varchar(100) PRIMARY KEY, last bigint CHECK (last >= 0))"
    )
    async with database.connect() as client:
        with pytest.raises(Exception, match=r"(?i)check|constraint") as caught:
            async with client.transaction():
                await AsyncSequence(name, 0, step=-1, table=table).next_values(client.conn, 2)

    assert is_the_drivers_own(caught.value)
    assert database.last(name, table) is None
