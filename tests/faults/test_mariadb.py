"""What MariaDB and MySQL commit or merge without a word, and connections of their drivers."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import anyio
import pytest

from aseq import (
    AsyncSequence,
    NotInTransaction,
    SequenceCorrupted,
    create_table_sql,
)
from aseq.adapters.sqlalchemy._accept import sync_executor_for
from tests import clients
from tests.blocks import backend_pid
from tests.clients.base import in_thread
from tests.clients.mysql import where
from tests.database import Database
from tests.faults.aftermath import assert_free, commit_anyway
from tests.observer import observing

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"})


@pytest.mark.only(client=clients.Asyncmy)
async def test_a_name_that_the_connection_cannot_encode(database: Database, name: str) -> None:
    """Nothing was sent, so the transaction goes on."""
    driver = cast(type[clients.Asyncmy], database.case.client).driver
    conn = await driver.connect(**where(database.url), charset="latin1")
    with pytest.raises(UnicodeEncodeError):
        await AsyncSequence(f"{name}-漢").next_value(conn)
    assert await AsyncSequence(name).next_value(conn) == 1
    await conn.commit()
    conn.close()

    assert database.last(name) == 1


@pytest.mark.only(client=clients.AsyncmyPool)
async def test_a_block_that_is_left_after_the_draw(database: Database, name: str) -> None:
    """Before its end: a pool closes a connection that comes back like that."""
    driver = cast(type[clients.AsyncmyPool], database.case.client).driver
    pool = await driver.create_pool(**where(database.url), minsize=1, maxsize=1)
    async with pool.acquire() as conn:
        assert await AsyncSequence(name).next_value(conn) == 1
    async with pool.acquire() as conn:  # by somebody else
        await conn.commit()
    pool.close()
    await pool.wait_closed()

    await assert_free(database, name)


@pytest.mark.only(client=clients.SyncSession)
async def test_a_connection_that_is_given_up_twice(database: Database) -> None:
    """As when whoever closes it is interrupted: no error of the driver's takes its place."""

    def give_up() -> None:
        executor = sync_executor_for(client.conn)
        executor.prepare()
        executor.terminate()
        executor.terminate()
        client.conn.invalidate()

    async with database.connect() as client:
        await in_thread(give_up)


@pytest.mark.only(client=clients.Asyncmy)
async def test_ddl_that_commits(database: Database, name: str) -> None:
    async with database.connect() as client:
        if not client.conn.get_autocommit():
            pytest.skip("there another transaction begins by itself")
        await client.conn.begin()
        assert await AsyncSequence(name).next_value(client.conn) == 1
        await client.execute(f"CREATE TABLE {name.replace('-', '_')} (number int)")
        with pytest.raises(NotInTransaction):
            await AsyncSequence(name).next_value(client.conn)

    assert database.last(name) == 1


async def test_an_earlier_look_at_the_sequence(database: Database, name: str) -> None:
    """With MariaDB's snapshot isolation, on from 11.8 on, it would be an error each time."""
    seq = AsyncSequence(name)
    async with database.connect() as client, database.connect() as other:
        async with other.transaction():
            await other.save(name, await seq.next_value(other.conn))
        async with client.transaction():
            if database.case.dialect == "mariadb":
                await client.execute("SET SESSION innodb_snapshot_isolation = ON")
            assert await seq.last_value(client.conn) == 1
            async with other.transaction():
                await other.save(name, await seq.next_value(other.conn))
            await client.save(name, await seq.next_value(client.conn))

    assert database.saved(name) == [1, 2, 3]


@pytest.mark.only(client=clients.Asyncmy)
async def test_other_tasks_are_kept_off_while_one_draws(database: Database, name: str) -> None:
    seq, drawn = AsyncSequence(name), list[int]()
    async with database.connect() as holder, database.connect() as client:
        pid = await backend_pid(client)
        async with client.transaction(), anyio.create_task_group() as tasks:

            async def draw() -> None:
                drawn.append(await seq.next_value(client.conn))

            async with holder.transaction():
                await seq.next_value(holder.conn)
                tasks.start_soon(draw)
                with observing(database.url) as observer:
                    await observer.until_waiting(pid)
                for forbidden in (client.conn.commit, client.conn.rollback):
                    with pytest.raises(Exception, match="another task uses"):
                        await forbidden()

    assert drawn == [2]
    assert database.last(name) == 2


@pytest.mark.only(client=clients.Asyncmy)
async def test_nothing_is_drawn_while_another_task_waits(database: Database, name: str) -> None:
    async with database.connect() as holder, database.connect() as client:
        pid = await backend_pid(client)
        async with client.transaction():
            async with anyio.create_task_group() as tasks, holder.transaction():
                await AsyncSequence(name).next_value(holder.conn)
                locked = f"SELECT last FROM aseq_sequence WHERE name = '{name}' FOR UPDATE"
                tasks.start_soon(client.scalar, locked)
                with observing(database.url) as observer:
                    await observer.until_waiting(pid)
                with pytest.raises(Exception, match="another task uses"):
                    await AsyncSequence(name).next_value(client.conn)
            assert await AsyncSequence(name).next_value(client.conn) == 2


@pytest.mark.only(client=clients.Asyncmy)
async def test_a_ping_of_another_task_does_not_connect_anew(
    database: Database, name: str
) -> None:
    """As a keep-alive of an application's may do it."""
    seq, drawn = AsyncSequence(name), list[int]()
    async with database.connect() as holder, database.connect() as client:
        pid = await backend_pid(client)
        async with client.transaction(), anyio.create_task_group() as tasks:

            async def draw() -> None:
                drawn.append(await seq.next_value(client.conn))

            async with holder.transaction():
                await seq.next_value(holder.conn)
                tasks.start_soon(draw)
                with observing(database.url) as observer:
                    await observer.until_waiting(pid)
                with pytest.raises(Exception, match="another task uses"):
                    await client.conn.ping()
        assert await backend_pid(client) == pid
        await client.conn.ping()

    assert drawn == [2]
    assert database.last(name) == 2


async def test_names_that_the_table_takes_for_the_same(database: Database, name: str) -> None:
    table = name.replace("-", "_")
    database.run(
        f"CREATE TABLE {table} (name varchar(100) COLLATE utf8mb4_general_ci PRIMARY KEY, "
        "last bigint NOT NULL) ENGINE=InnoDB"
    )
    small, great = (AsyncSequence(each, table=table) for each in ("invoices", "INVOICES"))
    async with database.connect() as client:
        async with client.transaction():
            assert await small.next_value(client.conn) == 1

        async def draw() -> None:
            with pytest.raises(SequenceCorrupted):
                await great.next_value(client.conn)

        await commit_anyway(client, name, draw)
    async with database.connect() as client, client.transaction():
        assert await great.last_value(client.conn) is None

    assert database.run(f"SELECT name, last FROM {table}") == [("invoices", 1)]


async def test_a_table_that_knows_no_rollback(database: Database, name: str) -> None:
    if database.case.client.__name__.startswith("Aatomic"):
        pytest.skip("Django's own checks look for it")
    table = name.replace("-", "_")
    made = create_table_sql(database.case.dialect, table)
    database.run(made.replace("InnoDB", "MyISAM"))
    seq = AsyncSequence(name, table=table)
    async with database.connect() as client:
        for _ in range(2):
            with pytest.raises(NotInTransaction, match=f"ALTER TABLE {table} ENGINE=InnoDB"):
                async with client.transaction():
                    await seq.next_value(client.conn)
        anyhow = AsyncSequence(name, table=table, require_transaction=False)
        async with client.transaction():
            assert await seq.last_value(client.conn) is None
            assert await anyhow.next_value(client.conn) == 1
        database.run(f"ALTER TABLE {table} ENGINE=InnoDB")
        async with client.transaction():
            assert await seq.next_value(client.conn) == 2


async def test_a_view(database: Database, name: str) -> None:
    """Of a table that may know no rollback."""
    if database.case.client.__name__.startswith("Aatomic"):
        pytest.skip("there the doctor looks at the table")
    view = name.replace("-", "_")
    database.run(f"CREATE VIEW {view} AS SELECT name, last FROM aseq_sequence")
    seq = AsyncSequence(name, table=view)
    async with database.connect() as client:
        with pytest.raises(NotInTransaction, match=f"{view} is a view: .* the table itself"):
            async with client.transaction():
                await seq.next_value(client.conn)
        async with client.transaction():
            assert await seq.last_value(client.conn) is None


_SELECTS = (
    "SELECT variable_value FROM information_schema.session_status "
    "WHERE variable_name = 'COM_SELECT'"
)


async def test_who_keeps_the_table_is_asked_once(database: Database, name: str) -> None:
    if database.case.client.__name__.startswith(("Aatomic", "Sync")):
        pytest.skip("what is counted would be counted in another thread")
    if database.case.dialect == "mysql":
        pytest.skip("it doesn't count them there")
    seq, counts = AsyncSequence(name), list[int]()
    async with database.connect() as client, client.transaction():
        for _ in range(4):
            await seq.next_value(client.conn)
            counts.append(int(await client.scalar(_SELECTS)))
    steps = [after - before for before, after in pairwise(counts)]

    assert steps == [1, 1, 1]  # the question for the count itself
