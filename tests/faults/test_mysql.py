"""What is MySQL's own: how a transaction is seen, what is refused, which numbers there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from aseq import (
    AsyncSequence,
    HoldersUnknown,
    InvalidSequence,
    NotInTransaction,
    SequenceCorrupted,
    SequenceLocked,
    create_table_sql,
    holders,
)
from aseq._core.dialects.mysql_family import ENDED
from aseq.numbering import Numbering
from devtools.mysql import mysql_server
from tests import clients
from tests.cases import Case
from tests.clients import Client
from tests.clients.mysql import where
from tests.codes import code
from tests.contract.verbs import BOUNDED, BOUNDED_DRAWS
from tests.database import Database
from tests.faults.aftermath import commit_anyway
from tests.observer import DEADLINE

pytestmark = pytest.mark.only(dialect="mysql")

DRIVERS = pytest.mark.only(client=clients.Asyncmy)
MIN = -(2**63)
LOCK_TABLE_FULL = 1206


@pytest.mark.parametrize("verb", sorted(BOUNDED | BOUNDED_DRAWS))
async def test_a_bound_is_refused_before_anything_is_sent(
    database: Database, name: str, verb: str
) -> None:
    run = (BOUNDED | BOUNDED_DRAWS)[verb]
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        with pytest.raises(InvalidSequence, match="use nowait=True, and try again") as caught:
            await run(seq, client.conn, 1)
        assert caught.value.argument == "timeout"
        assert await seq.next_value(client.conn) == 1
        await client.save(name, 1)

    assert database.saved(name) == [1]


async def test_a_cycle_that_ends_on_0(database: Database, name: str) -> None:
    """An OK that carries nothing has a 0, too; and no row is changed here."""
    seq = AsyncSequence(name, -1, 1)
    async with database.connect() as client, client.transaction():
        for _ in range(3):
            assert list(await seq.next_values(client.conn, 2)) == [-1, 0]
        assert await seq.next_value(client.conn) == -1


async def test_the_lowest_of_all(database: Database, name: str) -> None:
    down = AsyncSequence(name, MIN + 1, step=-1)
    async with database.connect() as client, client.transaction():
        assert await AsyncSequence(f"{name}-up", MIN).next_values(client.conn, 2) == range(
            MIN, MIN + 2
        )
        assert await down.next_values(client.conn, 2) == range(MIN + 1, MIN - 1, -1)
        assert await AsyncSequence(f"{name}-one", MIN).next_value(client.conn) == MIN


TRIGGERS = {
    "SET NEW.name = NEW.name": "BEFORE",
    "SET @seen = LAST_INSERT_ID(999)": "AFTER",
    "INSERT INTO seen (name) VALUES (NEW.name)": "AFTER",
}


@pytest.mark.parametrize("event", ["INSERT", "UPDATE"])
@pytest.mark.parametrize("does", list(TRIGGERS))
async def test_a_trigger_leaves_no_number_in_the_answer(
    database: Database, name: str, does: str, event: str
) -> None:
    """So the row is looked at; and looping, it may be as it was."""
    table = name.replace("-", "_")
    database.run(create_table_sql("mysql", table))
    database.run(
        "CREATE TABLE IF NOT EXISTS seen (id int AUTO_INCREMENT PRIMARY KEY, name text)"
    )
    database.run("INSERT INTO seen (name) VALUES ('one'), ('two')")
    database.run(
        f"CREATE TRIGGER {table}_t {TRIGGERS[does]} {event} ON {table} FOR EACH ROW {does}"
    )
    seq, numbers = (
        AsyncSequence(name, table=table),
        Numbering(f"{name}-n", "{year}-{number}", period="year", tz="UTC", table=table),
    )
    low = AsyncSequence(f"{name}-low", MIN, table=table)
    async with database.connect() as client:
        for number in (1, 2, 3):
            async with client.transaction():
                drawn = await seq.next_value(client.conn)
                await client.save(name, drawn)
                assert await low.next_value(client.conn, nowait=True) == MIN + number - 1
                assert (await numbers.next(client.conn)).number == number
                assert await seq.advance_to(client.conn, 0) == number
                assert await seq.delete(client.conn) is True
                await seq.advance_to(client.conn, drawn)
            assert drawn == number

    assert database.last(name, table) == 3


async def test_an_id_is_no_number(database: Database, name: str) -> None:
    """A new row's column with AUTO_INCREMENT takes the number's place in the answer."""
    table = name.replace("-", "_")
    database.run(create_table_sql("mysql", table))
    database.run(f"ALTER TABLE {table} ADD id int NOT NULL UNIQUE AUTO_INCREMENT")
    seq = AsyncSequence(name, table=table)
    async with database.connect() as client:

        async def draw() -> None:
            with pytest.raises(SequenceCorrupted, match="AUTO_INCREMENT"):
                await seq.next_value(client.conn)

        await commit_anyway(client, name, draw)
    assert database.last(name, table) is None
    async with database.connect() as client:
        async with client.transaction():
            await seq.advance_to(client.conn, 0)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1


@DRIVERS
async def test_no_number_comes_twice_without_a_transaction(
    database: Database, name: str
) -> None:
    """Where somebody else draws before the row is looked at, nobody gets the other's number."""
    table = name.replace("-", "_")
    database.run(create_table_sql("mysql", table))
    database.run(f"CREATE TRIGGER {table}_t AFTER UPDATE ON {table} FOR EACH ROW SET @seen = 1")
    seq = AsyncSequence(name, table=table, require_transaction=False)
    drawn, failed = list[int](), list[BaseException]()

    async def many() -> None:
        async with database.connect() as client:
            while not failed:
                try:
                    drawn.append(await seq.next_value(client.conn))
                except SequenceCorrupted as exc:
                    failed.append(exc)

    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(many)

    assert len(drawn) == len(set(drawn))


def plain_user(database: Database) -> Database:
    """The same database, as somebody who may look into nothing else."""
    user, name = "shop", where(database.url)["db"]
    host = "'127.0.0.1'"
    database.run(f"CREATE USER IF NOT EXISTS {user}@{host}")
    database.run(f"GRANT ALL ON {name}.* TO {user}@{host}")
    return Database(database.case, database.url.replace("root@", f"{user}@"))


@DRIVERS
@pytest.mark.parametrize("may_look", [True, False])
async def test_ddl_that_commits(database: Database, name: str, may_look: bool) -> None:
    """Whoever may not look for the transaction in the draw, asks before it."""
    seq, table = AsyncSequence(name), name.replace("-", "_")
    async with (database if may_look else plain_user(database)).connect() as client:
        if not client.conn.get_autocommit():
            pytest.skip("there another transaction begins by itself")
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1
            assert vars(client.conn)["_aseq_tells"] is may_look
        await client.conn.begin()
        assert await seq.next_values(client.conn, 2) == range(2, 4)
        await implicit_commit(client, table)
        with pytest.raises(NotInTransaction) as refused:
            await seq.next_value(client.conn)
        assert refused.value.hint == ENDED

    assert database.last(name) == 3


async def implicit_commit(client: Client, table: str) -> None:
    """End the transaction by DDL, unnoticed by the driver."""
    await client.execute(f"CREATE TABLE {table} (number int)")
    flags = client.conn
    flags.get_transaction_status = lambda: True  # as after an error: see danger 2 of flags


@DRIVERS
async def test_not_to_wait_for_a_first_number(database: Database, name: str) -> None:
    """Nor for the second: and what comes after it is usable."""
    seq, free = AsyncSequence(name), AsyncSequence(f"{name}-free")
    async with database.connect() as holder, database.connect() as client:
        for _ in range(2):
            async with holder.transaction():
                await holder.save(name, await seq.next_value(holder.conn))
                async with client.transaction():
                    with pytest.raises(SequenceLocked) as caught:
                        await seq.next_value(client.conn, nowait=True)
                    assert "innodb_lock_wait_timeout" in str(caught.value)
                    await client.save(free.name, await free.next_value(client.conn))
        async with client.transaction():
            await client.save(name, await seq.next_value(client.conn, nowait=True))

    assert database.saved(name) == [1, 2, 3]
    assert database.saved(free.name) == [1, 2]


@pytest.fixture(scope="module")
def small_server(mysql: str) -> Iterator[str]:
    """A server whose locks soon take more memory than it has for them."""
    with mysql_server(innodb_buffer_pool_size="5M") as url:
        yield url


@pytest.mark.only(client=clients.SessionAsyncmy)
async def test_more_locks_than_the_server_has_room_for(
    small_server: str, case: Case, name: str
) -> None:
    """It rolls back all of the transaction then (1206), and the connection would go on."""
    database, seq = Database(case, small_server), AsyncSequence(name)
    database.create_tables()
    wide = f"wide_{name.replace('-', '_')}"
    database.run(f"CREATE TABLE {wide} (v varchar(7900) CHARACTER SET latin1)")
    database.run(f"INSERT INTO {wide} VALUES {', '.join(['(REPEAT(0, 7800))'] * 1000)}")
    async with database.connect() as client:

        async def draw() -> int:
            number = await seq.next_value(client.conn)
            refused = None
            while refused is None:
                try:
                    await client.execute(f"INSERT INTO {wide} SELECT v FROM {wide} LIMIT 2000")
                except Exception as exc:
                    refused = exc
            assert code(refused) == LOCK_TABLE_FULL
            return number

        await commit_anyway(client, name, draw)

    assert database.saved(name) == []
    assert database.last(name) is None


@pytest.fixture(scope="module")
def odd_server(mysql: str) -> Iterator[str]:
    """A server that counts no transactions, and whose clock stands still in a statement."""
    with mysql_server(performance_schema="OFF", sysdate_is_now="ON") as url:
        yield url


@DRIVERS
async def test_where_nobody_counts_transactions(odd_server: str, case: Case, name: str) -> None:
    database, seq = Database(case, odd_server), AsyncSequence(name)
    database.create_tables()
    async with database.connect() as client:
        for number in (1, 2):
            async with client.transaction():
                await client.save(name, await seq.next_value(client.conn))
            assert database.saved(name)[-1] == number
        if client.conn.get_autocommit():
            await client.conn.begin()
            await implicit_commit(client, name.replace("-", "_"))
            with pytest.raises(NotInTransaction):
                await seq.next_value(client.conn)

    assert database.last(name) == 2


@DRIVERS
async def test_where_locks_are_not_listed(odd_server: str, case: Case, name: str) -> None:
    database = Database(case, odd_server)
    database.create_tables()
    async with database.connect() as client, client.transaction():
        with pytest.raises(HoldersUnknown, match="innodb_trx"):
            await holders(client.conn, AsyncSequence(name))
        assert await AsyncSequence(name).next_value(client.conn) == 1


async def test_a_clock_that_stands_still(odd_server: str, case: Case, name: str) -> None:
    """No moment after a wait can be told there: an error, and nothing is drawn."""
    database = Database(case, odd_server)
    database.create_tables()
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    async with database.connect() as client:

        async def draw() -> Any:
            with pytest.raises(Exception, match="out of range") as caught:
                await numbers.next(client.conn)
            assert code(caught.value) == 1690

        await commit_anyway(client, name, draw)

    assert database.run(f"SELECT * FROM aseq_sequence WHERE name LIKE '{name}%'") == []
