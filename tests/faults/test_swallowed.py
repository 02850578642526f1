"""On MariaDB and MySQL, errors that end a transaction unnoticed: no number is repeated."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from pymysql.err import IntegrityError
from sqlalchemy import event
from sqlalchemy.exc import PendingRollbackError

from aseq import AsyncSequence, NotInTransaction, SequenceLocked, is_retryable
from aseq._core.dialects.mysql_family import ENDED
from devtools.mariadb import mariadb_server
from devtools.mysql import mysql_server
from tests import clients
from tests.blocks import backend_pid
from tests.cases import Case
from tests.clients import Client
from tests.codes import code
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_gapless, commit_anyway
from tests.mysqlclient import need_mysqlclient
from tests.observer import observing

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"})

DEADLOCK = 1213
SQLALCHEMY = (clients.SQLAlchemySession, clients.SyncSession)
PLAIN = (clients.Asyncmy, clients.Aiomysql)
LISTENED_TO = (*SQLALCHEMY, *PLAIN, clients.TortoiseAsyncmy)

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


@pytest.mark.only(client=LISTENED_TO)
async def test_a_deadlock_of_the_callers_own_statement(database: Database, name: str) -> None:
    """Nothing but a rollback comes after it."""
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
    with pytest.raises(Exception, match="Roll back and try again") as caught:
        await client.execute("DO 0")
    assert is_retryable(caught.value)


SIGNALLED = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"
"""Like a deadlock, without the rollback."""

LEAVING = ("begin()", "rollback()", "ROLLBACK", "start transaction;")
DDL = "CREATE OR REPLACE VIEW a AS SELECT 1"
ENDING = ("begin()", "commit()", "rollback()", "COMMIT", DDL)


async def say(client: Client, what: str) -> None:
    """SQL, or what a method of the driver's stands for."""
    if what.endswith("()"):
        await getattr(client.conn, what[:-2])()
    else:
        await client.execute(what)


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.only(client=PLAIN)
async def test_what_leaves_a_transaction_that_has_ended(
    database: Database, name: str, leave: str
) -> None:
    async with database.connect() as client:
        await client.conn.begin()
        await AsyncSequence(name).next_value(client.conn)
        with pytest.raises(Exception, match="1213"):
            await client.execute(SIGNALLED)
        await check_refused(client)
        with pytest.raises(Exception, match="Roll back and try again"):
            await client.conn.commit()
        await say(client, leave)
        await client.execute("DO 0")


@pytest.mark.parametrize("end", ENDING)
@pytest.mark.only(client=PLAIN)
async def test_a_deadlock_where_nothing_was_drawn(
    case: Case, database: Database, name: str, end: str
) -> None:
    """Not in this transaction: then its error says all there is to say."""
    if end == DDL and case.client is clients.AsyncmyPool:
        pytest.skip("asyncmy takes no note of flags that are all off")
    async with database.connect() as client:
        await client.conn.begin()
        await AsyncSequence(name).next_value(client.conn)
        await say(client, end)
        with pytest.raises(Exception, match="1213"):
            await client.execute(SIGNALLED)
        await client.execute("DO 0")


@pytest.mark.only(client=PLAIN)
async def test_a_deadlock_and_a_new_connection_under_the_old_one(
    database: Database, name: str
) -> None:
    async with database.connect() as client:
        await client.conn.begin()
        await AsyncSequence(name).next_value(client.conn)
        with pytest.raises(Exception, match="1213"):
            await client.execute(SIGNALLED)
        client.conn.close()
        await client.conn.ping()
        await client.execute("DO 0")


@pytest.mark.only(client=SQLALCHEMY)
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


@pytest.mark.only(client=SQLALCHEMY)
async def test_a_commit_right_after_a_deadlock(database: Database, name: str) -> None:
    """Else it would pass, and nothing be saved."""
    async with database.connect() as loser:

        async def wait_for_theirs() -> None:
            with pytest.raises(Exception, match=str(DEADLOCK)):
                await loser.execute(
                    f"UPDATE aseq_sequence SET last = 7 WHERE name = '{name}-theirs'"
                )
            owner: Any = loser if hasattr(loser, "commit") else loser.conn
            with pytest.raises(PendingRollbackError, match="Roll back and try again"):
                await owner.commit()

        await lose(database, loser, name, wait_for_theirs)

    assert database.saved(f"{name}-won") == [1]


@pytest.mark.only(client=(clients.SessionAsyncmy, clients.SyncConnectionMysqlclient))
async def test_a_handler_that_puts_another_error_in_its_place(
    database: Database, name: str
) -> None:
    async with database.connect() as loser:
        engine: Any = vars(loser)["engine"]

        def translate(context: Any) -> None:
            if context.original_exception.args[0] == DEADLOCK:
                raise ZeroDivisionError

        event.listen(getattr(engine, "sync_engine", engine), "handle_error", translate)

        async def wait_for_theirs() -> None:
            with pytest.raises(ZeroDivisionError):
                await loser.execute(
                    f"UPDATE aseq_sequence SET last = 7 WHERE name = '{name}-theirs'"
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


@pytest.mark.only(client=LISTENED_TO)
async def test_a_lock_timeout_of_the_callers_own_statement(
    database: Database, name: str
) -> None:
    await time_out(database, name, None)
    assert database.saved(name) == [1]
    await assert_free(database, name)


@pytest.mark.only(
    client=(
        *(clients.Asyncmy, clients.TortoiseAsyncmy),
        *(clients.SessionAsyncmy, clients.SyncConnectionMysqlclient),
    )
)
async def test_one_that_ends_the_transaction(
    case: Case, name: str, request: pytest.FixtureRequest
) -> None:
    """Where the server is set up so."""
    if case.client is clients.SyncConnectionMysqlclient:
        need_mysqlclient()
    request.getfixturevalue(case.dialect)  # or it is missing
    with _SERVERS[case.dialect](innodb_rollback_on_timeout=1) as url:
        database = Database(case, url)
        database.create_tables()
        await time_out(database, name, check_refused)
        assert database.saved(name) == []
        await assert_free(database, name)


@pytest.mark.only(client=SQLALCHEMY)
async def test_a_lock_timeout_of_a_statement_behind_another(
    database: Database, name: str
) -> None:
    """In the middle of answers no server can be asked what it has ended."""
    await time_out(database, name, check_refused, "DO 0; ")
    assert database.saved(name) == []
    await assert_free(database, name)


async def time_out(
    database: Database,
    name: str,
    check: Callable[[Client], Awaitable[object]] | None,
    before: str = "",
) -> None:
    """Draw, swallow a lock timeout, and go on."""
    theirs = AsyncSequence(f"{name}-theirs")
    async with database.connect() as holder, database.connect() as client:

        async def draw() -> int:
            await client.execute("SET SESSION innodb_lock_wait_timeout = 1")
            number = await AsyncSequence(name).next_value(client.conn)
            with suppress(Exception) if before else pytest.raises(Exception, match="1205"):
                await client.execute(
                    f"{before}UPDATE aseq_sequence SET last = 7 WHERE name = '{theirs.name}'"
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


@pytest.mark.only(client=SQLALCHEMY)
async def test_a_listener_that_fails_after_the_draw(database: Database, name: str) -> None:
    """With what looks like the server's word."""
    async with database.connect() as client:
        assert isinstance(client, SQLALCHEMY)
        engine: Any = client.engine

        def fail(_: object, __: object, statement: str, *___: object) -> None:
            if re.search("INSERT INTO .?aseq_sequence", statement):
                raise IntegrityError(1062, "of another connection")

        event.listen(getattr(engine, "sync_engine", engine), "after_cursor_execute", fail)

        async def draw() -> None:
            with pytest.raises(Exception, match="of another connection"):
                await AsyncSequence(name).next_value(client.conn)

        await commit_anyway(client, name, draw)

    assert database.saved(f"{name}-other") == []
    await assert_free(database, name)


@pytest.mark.only(client=clients.TortoiseAsyncmy)
async def test_what_leaves_a_block_whose_connection_was_closed(
    database: Database, name: str
) -> None:
    """Not the driver's error from a ROLLBACK that can't be sent any more."""
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as client:
        pid = await backend_pid(client)
        async with holder.transaction():
            await holder.save(name, await seq.next_value(holder.conn))

            async def draw() -> None:
                async with client.transaction():
                    await seq.next_value(client.conn)

            task = asyncio.create_task(draw())
            with observing(database.url) as observer:
                await observer.until_waiting(pid)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    await assert_free(database, name)
