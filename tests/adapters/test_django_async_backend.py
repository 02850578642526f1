"""django-async-backend: its blocks, its own rules, and what Django's users look at."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, transaction
from psycopg.rows import dict_row

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection
from aseq.django import get_next_value
from tests.blocks import undone
from tests.cases import Case
from tests.clients import AsyncBackend
from tests.contract.verbs import VERBS
from tests.database import Database
from tests.docs.markdown import DOCS, titled
from tests.faults.aftermath import assert_free, assert_usable
from tests.faults.stalled import attempted
from tests.faults.stalls import stallable
from tests.observer import observing

CASE = Case(AsyncBackend, "postgresql", python=(3, 12))

pytestmark = pytest.mark.skipif(not CASE.runs, reason="the library needs Python 3.12")


@pytest.fixture
def database(postgres: str) -> Database:
    database = Database(CASE, postgres)
    database.create_tables()
    return database


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Any]:
    async with database.connect() as client:
        yield client


@pytest.mark.parametrize("verb", VERBS)
async def test_refused_outside_a_block(
    client: AsyncBackend, database: Database, name: str, verb: str
) -> None:
    async def refused() -> None:
        with pytest.raises(NotInTransaction) as caught:
            await VERBS[verb](AsyncSequence(name), client.conn)
        assert caught.value.hint == (
            "the connection is in autocommit mode: open a transaction with "
            f"`async with async_atomic(using={client.alias!r}):`"
        )
        assert isinstance(caught.value, transaction.TransactionManagementError)

    await refused()  # it isn't connected yet
    async with client.transaction():
        await VERBS[verb](AsyncSequence(name), client.conn)
        async with client.savepoint():
            await VERBS[verb](AsyncSequence(name), client.conn)
    pid = await client.scalar("SELECT pg_backend_pid()")
    with observing(database.url) as observer:
        before = observer.heard(pid)
        await refused()
        assert observer.heard(pid) == before


async def test_what_the_documentation_shows(client: AsyncBackend, database: Database) -> None:
    from django_async_backend.db import async_connections

    page = DOCS / "how-to" / "django-async.md"
    code = titled(page, "with_django_async_backend.py")
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    namespace: dict[str, Any] = {}
    async_connections["default"] = client.conn
    await eval(compile(code, page, "exec", flags, dont_inherit=True), namespace)

    assert namespace["number"] == database.last("invoices")


async def test_reading_and_whoever_asks_for_it_need_no_block(
    client: AsyncBackend, database: Database, name: str
) -> None:
    assert await AsyncSequence(name).last_value(client.conn) is None
    assert await AsyncSequence(name, require_transaction=False).next_value(client.conn) == 1
    assert database.last(name) == 1


async def test_without_autocommit(client: AsyncBackend, database: Database, name: str) -> None:
    await client.conn.set_autocommit(False)
    for end in (client.conn.rollback, client.conn.commit):
        assert await AsyncSequence(name).next_value(client.conn) == 1
        assert database.last(name) is None
        await end()
    assert database.last(name) == 1


async def test_the_functions_for_django_dont_look_here(client: AsyncBackend) -> None:
    async with client.transaction():
        with pytest.raises(NotInTransaction, match=r"async with aatomic\(using='default'\)"):
            await get_next_value("invoices", using="default")


async def test_another_task_is_turned_away(
    client: AsyncBackend, database: Database, name: str
) -> None:
    del client.conn.validate_task_sharing  # as it is outside these tests
    seq = AsyncSequence(name)
    async with client.transaction():
        await client.save(name, await seq.next_value(client.conn))
        drawn = await asyncio.gather(
            seq.next_value(client.conn), seq.next_value(client.conn), return_exceptions=True
        )
        assert [type(exc) for exc in drawn] == [RuntimeError] * 2
        assert "owned by another task" in str(drawn[0])
        await client.save(name, await seq.next_value(client.conn))

    assert database.saved(name) == [1, 2]
    assert database.last(name) == 2


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("late", [False, True], ids=["waiting", "late"])
async def test_nothing_is_done_after_the_commit_of_a_lost_number(
    database: Database, name: str, nested: bool, late: bool
) -> None:
    """PostgreSQL makes a ROLLBACK of the COMMIT, which the backend doesn't see."""
    told: list[str] = []
    async with stallable(database, name) as (client, stall):

        async def draw() -> None:
            await client.conn.on_commit(lambda: told.append("committed"))
            work = attempted(lambda: AsyncSequence(name).next_value(client.conn), stall)
            async with work as attempt:
                if late:
                    stall.release_unnoticed()
                attempt.cancel("task")
            assert attempt.value is None
            with pytest.raises(transaction.TransactionManagementError):
                await client.save(name, 0)

        async with client.transaction():
            if nested:
                async with client.savepoint():
                    await draw()
                await client.save(f"{name}-other", 0)
            else:
                await draw()

        assert told == []
        assert database.saved(f"{name}-other") == [0] * nested
        await assert_free(database, name)
        await assert_usable(database, client, name)


async def test_nothing_is_done_after_the_commit_of_an_error(
    client: AsyncBackend, name: str
) -> None:
    told: list[str] = []
    async with client.transaction():
        await client.conn.on_commit(lambda: told.append("committed"))
        with pytest.raises(ProgrammingError, match=r"run `manage\.py migrate`"):
            await AsyncSequence(name, table="nowhere").next_value(client.conn)
        for table in ("nowhere", "aseq_sequence"):  # the error isn't one of the second call
            with pytest.raises(transaction.TransactionManagementError):
                await AsyncSequence(name, table=table).next_value(client.conn)
    assert told == []
    async with client.transaction():
        await client.conn.on_commit(lambda: told.append("committed"))
        assert await AsyncSequence(name).next_value(client.conn) == 1
    assert told == ["committed"]


async def test_a_lock_that_isnt_waited_for_is_djangos_error_too(
    client: AsyncBackend, database: Database, name: str
) -> None:
    seq = AsyncSequence(name)
    database.run(f"INSERT INTO aseq_sequence VALUES ('{name}', 7)")
    async with database.connect() as holder, holder.transaction(), client.transaction():
        await seq.next_value(holder.conn)
        with pytest.raises(OperationalError):
            await seq.next_value(client.conn, nowait=True)
        await client.save(name, 0)
    assert database.saved(name) == [0]


async def test_a_block_that_can_only_roll_back_sends_nothing(
    client: AsyncBackend, name: str
) -> None:
    async with client.transaction():
        client.conn.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError, match="can't execute"):
            await AsyncSequence(name).next_value(client.conn)
    async with client.transaction():
        assert await AsyncSequence(name).next_value(client.conn) == 1


async def test_the_statement_is_logged_and_wrapped_as_any_other(
    client: AsyncBackend, name: str
) -> None:
    wrapped: list[str] = []

    def wrapper(execute: Callable[..., Awaitable[Any]], sql: Any, *args: Any) -> Any:
        wrapped.append(sql)
        return execute(sql, *args)

    async with client.transaction():
        client.conn.force_debug_cursor = True
        with client.conn.execute_wrapper(wrapper):
            await AsyncSequence(name).next_value(client.conn)
        assert len(client.conn.queries) == len(wrapped) == 1
    assert "aseq_sequence" in wrapped[0]
    assert f"'{name}'" in client.conn.queries[0]["sql"]


async def test_whatever_its_rows_are(client: AsyncBackend, name: str) -> None:
    async with undone(client.transaction()):
        client.conn.connection.row_factory = dict_row
        assert await AsyncSequence(name).next_values(client.conn, 3) == range(1, 4)


async def test_near_misses(client: AsyncBackend) -> None:
    from django_async_backend.db import async_connections

    hint = "pass the connection: `async_connections[alias]`"
    async with client.transaction(), await client.conn.cursor() as cursor:
        misses: tuple[tuple[Any, str], ...] = (
            (client.transaction(), f"enter the block, and {hint}"),
            (cursor, hint),
            (async_connections, hint),
        )
        for miss, told in misses:
            with pytest.raises(UnsupportedConnection) as caught:
                await AsyncSequence().next_value(miss)
            assert caught.value.hint == told
        client.conn.vendor = "mysql"
        with pytest.raises(UnsupportedConnection, match="its database must be PostgreSQL"):
            await AsyncSequence().next_value(client.conn)


async def test_a_connection_that_was_closed_in_its_block(
    client: AsyncBackend, name: str
) -> None:
    async with client.transaction():
        await client.conn.close()
        with pytest.raises((DatabaseError, OperationalError)):
            await AsyncSequence(name).next_value(client.conn)
    async with client.transaction():
        assert await AsyncSequence(name).next_value(client.conn) == 1
