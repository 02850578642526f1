"""What MariaDB and MySQL end or merge without a word: no number is repeated all the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import anyio
import asyncmy
import pytest
from sqlalchemy.exc import PendingRollbackError

from aseq import (
    AsyncSequence,
    NotInTransaction,
    SequenceCorrupted,
    SequenceLocked,
    create_table_sql,
    is_retryable,
)
from aseq._core.dialects.mysql_family import ENDED
from devtools.mariadb import mariadb_server
from devtools.mysql import mysql_server
from tests import clients
from tests.blocks import backend_pid
from tests.cases import Case
from tests.clients import Client
from tests.clients.mysql import where
from tests.codes import code
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_gapless, commit_anyway
from tests.observer import observing

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"})

DEADLOCK = 1213

_SERVERS = {"mariadb": mariadb_server, "mysql": mysql_server}


async def lose(
    database: Database, loser: Client, name: str, last_step: Callable[[], Awaitable[object]]
) -> None:
    """A transaction that has drawn 1 is rolled back by a deadlock, and commits all the same.

    Args:
        database: where.
        loser: the connection that has drawn from `name`.
        name: of the sequence.
        last_step: waits for the other one's sequence, swallows the error, and goes on.
    """
    theirs = AsyncSequence(f"{name}-theirs")

    async def win() -> None:
        await winner.save(f"{name}-won", await AsyncSequence(name).next_value(winner.conn))

    async with database.connect() as winner:
        pid = await backend_pid(winner)
        async with anyio.create_task_group() as tasks, winner.transaction():
            await theirs.next_value(winner.conn)
            for number in range(20):  # who has written more, wins
                await winner.save(f"{name}-many", number)

            async def draw() -> int:
                drawn = await AsyncSequence(name).next_value(loser.conn)
                won = anyio.Event()

                async def wait() -> None:
                    await win()
                    won.set()

                tasks.start_soon(wait)
                with observing(database.url) as observer:
                    await observer.until_waiting(pid)
                await last_step()
                await won.wait()
                return drawn

            await commit_anyway(loser, name, draw)


async def test_a_deadlock_that_is_swallowed(database: Database, name: str) -> None:
    theirs = AsyncSequence(f"{name}-theirs")
    async with database.connect() as loser:

        async def wait_for_theirs() -> None:
            with pytest.raises(Exception) as caught:
                await theirs.next_value(loser.conn)
            assert code(caught.value) == DEADLOCK
            assert is_retryable(caught.value)

        await lose(database, loser, name, wait_for_theirs)

    assert database.saved(name) == []
    assert database.saved(f"{name}-won") == [1]
    assert database.saved(f"{name}-other") == []


@pytest.mark.only(client=(clients.SQLAlchemySession, clients.SyncSession))
async def test_a_deadlock_of_the_callers_own_statement(database: Database, name: str) -> None:
    """SQLAlchemy goes on; but nothing but a rollback comes after it."""
    async with database.connect() as loser:

        async def wait_for_theirs() -> None:
            with pytest.raises(Exception) as caught:
                await loser.execute(
                    f"UPDATE aseq_sequence SET last = 7 WHERE name = '{name}-theirs'"
                )
            assert code(caught.value) == DEADLOCK
            await check_refused(loser)

        await lose(database, loser, name, wait_for_theirs)

    assert database.saved(name) == []
    assert database.saved(f"{name}-won") == [1]


async def check_refused(client: Client) -> None:
    """Nothing but a rollback is let through; and a new transaction is worth a try."""
    with pytest.raises(PendingRollbackError, match="Roll back and try again") as caught:
        await client.execute("DO 0")
    assert is_retryable(caught.value)


@pytest.mark.only(client=(clients.SQLAlchemySession, clients.SyncSession))
async def test_a_deadlock_of_a_statement_behind_another(database: Database, name: str) -> None:
    """In one string with it: its error comes as the cursor is closed, and is only logged."""
    async with database.connect() as loser:

        async def wait_for_theirs() -> None:
            with suppress(Exception):  # asyncmy and aiomysql raise it, past SQLAlchemy
                await loser.execute(
                    f"DO 0; UPDATE aseq_sequence SET last = 7 WHERE name = '{name}-theirs'"
                )
            await check_refused(loser)

        await lose(database, loser, name, wait_for_theirs)

    assert database.saved(name) == []
    assert database.saved(f"{name}-won") == [1]


@pytest.mark.only(client=clients.Asyncmy)
async def test_the_server_knows_better_than_the_driver(database: Database, name: str) -> None:
    other = AsyncSequence(f"{name}-other-sequence")
    async with database.connect() as loser:
        if not loser.conn.get_autocommit():
            pytest.skip("there another transaction begins by itself")

        async def wait_for_theirs() -> None:
            with pytest.raises(Exception) as caught:
                await loser.execute(
                    f"UPDATE aseq_sequence SET last = 7 WHERE name = '{name}-theirs'"
                )
            assert code(caught.value) == DEADLOCK
            assert loser.conn.get_transaction_status()  # so the driver says
            with pytest.raises(NotInTransaction) as refused:
                await other.next_value(loser.conn)
            assert refused.value.hint == ENDED
            loser.conn.close()

        await lose(database, loser, name, wait_for_theirs)

    assert database.last(other.name) is None
    assert database.saved(f"{name}-won") == [1]


@pytest.mark.only(client=clients.AsyncmyPool)
async def test_a_block_that_is_left_after_the_draw(database: Database, name: str) -> None:
    """Before its end: a pool closes a connection that comes back like that."""
    driver: Any = vars(database.case.client).get("driver", asyncmy)
    pool = await driver.create_pool(**where(database.url), minsize=1, maxsize=1)
    async with pool.acquire() as conn:
        assert await AsyncSequence(name).next_value(conn) == 1
    async with pool.acquire() as conn:  # by somebody else
        await conn.commit()
    pool.close()
    await pool.wait_closed()

    await assert_free(database, name)


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


@pytest.mark.only(client=(clients.SQLAlchemySession, clients.SyncSession))
async def test_a_lock_timeout_of_the_callers_own_statement(
    database: Database, name: str
) -> None:
    await time_out(database, name, None)
    assert database.saved(name) == [1]
    await assert_free(database, name)


@pytest.mark.only(client=(clients.SessionAsyncmy, clients.SyncConnectionMysqlclient))
async def test_one_that_ends_the_transaction(
    case: Case, name: str, request: pytest.FixtureRequest
) -> None:
    """Where the server is set up so."""
    request.getfixturevalue(case.dialect)  # or it is missing
    with _SERVERS[case.dialect](innodb_rollback_on_timeout=1) as url:
        database = Database(case, url)
        database.create_tables()
        await time_out(database, name, check_refused)
        assert database.saved(name) == []
        await assert_free(database, name)


async def time_out(
    database: Database, name: str, check: Callable[[Client], Awaitable[object]] | None
) -> None:
    """Draw, swallow a lock timeout, and go on."""
    theirs = AsyncSequence(f"{name}-theirs")
    async with database.connect() as holder, database.connect() as client:

        async def draw() -> int:
            await client.execute("SET SESSION innodb_lock_wait_timeout = 1")
            number = await AsyncSequence(name).next_value(client.conn)
            with pytest.raises(Exception, match="1205"):
                await client.execute(
                    f"UPDATE aseq_sequence SET last = 7 WHERE name = '{theirs.name}'"
                )
            if check is not None:
                await check(client)
            return number

        async with holder.transaction():
            await theirs.next_value(holder.conn)
            await commit_anyway(client, name, draw)


@pytest.mark.only(client=(clients.Asyncmy, clients.SessionAsyncmy))
async def test_a_lock_timeout_that_ends_the_transaction(
    case: Case, name: str, request: pytest.FixtureRequest
) -> None:
    """Where the server is set up so: nobody who swallows it keeps a number."""
    request.getfixturevalue(case.dialect)  # or it is missing
    server = _SERVERS[case.dialect]
    seq, free = AsyncSequence(name), AsyncSequence(f"{name}-free")
    with server(innodb_rollback_on_timeout=1, innodb_lock_wait_timeout=1) as url:
        database = Database(case, url)
        database.create_tables()
        async with database.connect() as holder, database.connect() as client:
            async with holder.transaction():
                await seq.next_value(holder.conn)

                async def draw() -> int:
                    number = await free.next_value(client.conn)
                    with pytest.raises(SequenceLocked):  # MySQL's NOWAIT ends nothing
                        await seq.next_value(client.conn, nowait=case.dialect == "mariadb")
                    return number

                await commit_anyway(client, free.name, draw)
            await assert_free(database, free.name)
        assert_gapless(database, free.name)
