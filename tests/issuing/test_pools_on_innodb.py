"""The issuer on the pools of asyncmy and aiomysql, however they are set up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from typing import Any

import aiomysql
import aiomysql.cursors
import asyncmy
import pytest
from asyncmy.cursors import SSDictCursor

from aseq import AsyncSequence, IssueTimeout
from aseq.issuing import Issuer
from aseq.issuing._sources import source_for
from devtools.mysql import is_asked_for
from tests import clients
from tests.cases import Case
from tests.clients.mysql import connect_pymysql, is_open, where
from tests.database import Database
from tests.issuing.drafts import Drafts, of
from tests.observer import DEADLINE, observing

POOLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "asyncmy": (asyncmy, {}),
    "asyncmy-autocommit": (asyncmy, {"autocommit": True, "cursor_cls": SSDictCursor}),
    "aiomysql": (aiomysql, {}),
    "aiomysql-autocommit": (
        aiomysql,
        {"autocommit": True, "cursorclass": aiomysql.cursors.DictCursor},
    ),
}
SHORT = 0.3


@pytest.fixture(params=["mariadb", *(["mysql"] if is_asked_for() else [])])
def brand(request: pytest.FixtureRequest) -> str:
    """Which server it is."""
    return str(request.param)


@pytest.fixture
def url(brand: str, request: pytest.FixtureRequest) -> str:
    """Where it is."""
    return str(request.getfixturevalue(brand))


@pytest.fixture
def table(url: str, brand: Any, name: str) -> Iterator[Drafts]:
    """Rows with a note are refused as soon as they have a number."""
    database = Database(Case(clients.Asyncmy, brand), url)
    database.create_tables()
    drafts = Drafts(database, name)
    database.run(f"ALTER TABLE {drafts.table} ADD CHECK (note IS NULL OR number IS NULL)")
    yield drafts
    database.run(f"DROP TABLE {drafts.table}")


@pytest.fixture(params=list(POOLS.values()), ids=list(POOLS))
async def pool(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Any]:
    driver, options = request.param
    async with opened(driver, url, maxsize=3, **options) as pool:
        yield pool


@asynccontextmanager
async def opened(driver: Any, url: str, **options: Any) -> AsyncIterator[Any]:
    """A pool that has all of its connections back at the end."""
    pool = await driver.create_pool(**where(url), minsize=1, **options)
    try:
        yield pool
        assert pool.size == pool.freesize
    finally:
        pool.terminate()
        await pool.wait_closed()


@pytest.fixture
def sequence(name: str) -> AsyncSequence:
    return AsyncSequence(name)


@pytest.fixture
async def issuer(table: Drafts, pool: Any, sequence: AsyncSequence) -> AsyncIterator[Any]:
    async with Issuer(pool, sequence, of(table.table), key="id") as issuer:
        yield issuer


async def scalar(conn: Any, sql: str) -> Any:
    """What stands last in a row, whatever cursor the pool's owner prefers."""
    async with conn.cursor() as cursor:
        await cursor.execute(sql)
        row = await cursor.fetchone()
    return [*(row.values() if isinstance(row, dict) else row)][-1]


async def level(conn: Any) -> Any:
    """The isolation level, whichever name the server has for it."""
    names = "'tx_isolation', 'transaction_isolation'"
    return await scalar(conn, f"SHOW VARIABLES WHERE variable_name IN ({names})")


async def test_each_row_has_its_number(table: Drafts, issuer: Issuer[int]) -> None:
    table.count(60)
    table.add((61, "refused"), columns="id, note")
    told = await asyncio.gather(*map(issuer.issue, range(1, 62)), return_exceptions=True)

    assert "constraint" in str(told.pop()).lower()
    assert told == list(range(1, 61))
    assert table.column() == [*told, None]


async def test_a_connection_goes_back_as_it_came(
    table: Drafts, pool: Any, sequence: AsyncSequence
) -> None:
    table.count(3)
    table.add((4, "refused"), columns="id, note")
    async with pool.acquire() as conn:
        autocommit = conn.get_autocommit()
        await conn.query("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    async with Issuer(pool, sequence, of(table.table), key="id") as issuer:
        assert await asyncio.gather(*map(issuer.issue, (1, 2, 3))) == [1, 2, 3]
    async with pool.acquire() as same:
        assert await level(same) == "SERIALIZABLE"
        assert not same.get_transaction_status()
        assert same.get_autocommit() is autocommit
        await same.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    async with Issuer(pool, sequence, of(table.table), key="id") as issuer:
        with pytest.raises(Exception, match=r"(?i)constraint"):
            await issuer.issue(4)
    assert same is conn
    assert not is_open(same)  # a number was drawn on it, and refused


async def test_what_somebody_left_open_is_not_committed(
    table: Drafts, url: str, sequence: AsyncSequence, brand: str
) -> None:
    """After rows, aiomysql doesn't know of the transaction, and its pool lends it as it is."""
    if brand == "mysql":
        pytest.skip("there what writes has no rows")
    table.count(2)
    async with opened(aiomysql, url) as pool:
        async with pool.acquire() as conn:
            await scalar(conn, f"INSERT INTO {table.table} (id) VALUES (3) RETURNING id")
        async with Issuer(pool, sequence, of(table.table), key="id") as issuer:
            assert await issuer.issue(2) == 1
        async with pool.acquire() as same:
            assert same is conn

    assert table.column() == [None, 1]


async def test_connections_that_are_lost(
    table: Drafts, pool: Any, issuer: Issuer[int], url: str
) -> None:
    """Killed by the server: another one takes over, and nobody waits forever for the pool."""
    table.count(3)
    assert await issuer.issue(1) == 1
    with closing(connect_pymysql(url)) as admin, closing(admin.cursor()) as cursor:
        async with pool.acquire() as one, pool.acquire() as two:
            ids = [conn.thread_id() for conn in (one, two)]
        for thread in ids:
            cursor.execute(f"KILL {thread}")

    assert await asyncio.gather(*map(issuer.issue, (2, 3))) == [2, 3]


async def test_a_connection_that_is_lost_before_anybody_notices(pool: Any, url: str) -> None:
    async with pool.acquire() as conn:
        thread = conn.thread_id()
    with closing(connect_pymysql(url)) as admin, closing(admin.cursor()) as cursor:
        cursor.execute(f"KILL {thread}")
        while cursor.execute(
            f"SELECT 1 FROM information_schema.processlist WHERE id = {thread}"
        ):
            pass  # the event loop doesn't hear of it
    with pytest.raises(Exception, match=r"Lost connection|closed"):
        await source_for(pool).connect()

    assert pool.size == pool.freesize


async def test_a_pool_that_is_closed(table: Drafts, pool: Any, issuer: Issuer[int]) -> None:
    table.count(1)
    pool.close()
    with pytest.raises(IssueTimeout) as caught:
        await issuer.issue(1, timeout=SHORT)
    assert "closing pool" in str(caught.value.__cause__)


@pytest.mark.parametrize("driver", [asyncmy, aiomysql])
async def test_an_issuer_that_is_cancelled(
    table: Drafts, url: str, sequence: AsyncSequence, driver: Any
) -> None:
    """While it waits. Its connection holds nothing, and its place in the pool is free."""
    table.count(1)

    async with opened(driver, url, maxsize=1) as pool:

        async def issue() -> int:
            async with Issuer(pool, sequence, of(table.table), key="id") as issuer:
                return await issuer.issue(1)

        async def ask() -> Any:
            async with pool.acquire() as conn:
                return await scalar(conn, "SELECT 1")

        with closing(connect_pymysql(url)) as holder, closing(holder.cursor()) as cursor:
            holder.begin()
            cursor.execute(f"INSERT INTO aseq_sequence VALUES ('{sequence.name}', 7)")
            task = asyncio.create_task(issue())
            with observing(url) as observer:
                await observer.until_waiting(0)
            other = asyncio.create_task(ask())
            while not pool._cond._waiters:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.wait_for(other, DEADLINE) == 1
            holder.rollback()
        assert await issue() == 1


async def test_on_a_connection_that_is_rolled_back(
    table: Drafts, pool: Any, sequence: AsyncSequence
) -> None:
    table.count(2)
    issuer = Issuer[int](pool, sequence, of(table.table), key="id")
    async with pool.acquire() as conn:
        await conn.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        await conn.begin()
        async with issuer.on(conn):
            assert [await issuer.issue(2) for _ in range(2)] == [1, 1]
        await conn.rollback()

    assert table.column() == [None, None]
