"""An issuer's beginning and end, and all that it refuses."""

from __future__ import annotations

import asyncio
import os
import pickle
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest
import trio
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import (
    AsyncSequence,
    InvalidSequence,
    IssuerClosed,
    IssuerFull,
    IssueTimeout,
    UnsupportedConnection,
)
from aseq.issuing import Issuer
from tests.issuing.sources import asyncpg_pool, engine_asyncpg
from tests.issuing.troubled import Drafts
from tests.observer import DEADLINE


@asynccontextmanager
async def locked(conn: asyncpg.Connection, table: Drafts, key: int) -> AsyncIterator[None]:
    """Somebody has the row locked."""
    async with conn.transaction():
        await conn.execute(f"SELECT FROM {table.name} WHERE id = {key} FOR UPDATE")
        yield


def new(table: Drafts, source: Any, **arguments: Any) -> Issuer[int]:
    return Issuer(source, table.sequence, table.column, key="id", **arguments)


async def test_not_started_and_closed(table: Drafts, pool: asyncpg.Pool) -> None:
    issuer, key = new(table, pool), table.add()
    with pytest.raises(IssuerClosed, match="it wasn't started, or is closed"):
        await issuer.issue(key)
    async with issuer:
        assert await issuer.issue(key) == 1
    with pytest.raises(IssuerClosed, match="it wasn't started, or is closed"):
        await issuer.issue(key)
    async with issuer:  # again
        assert await issuer.issue(key) == 1


async def test_started_twice(issuer: Issuer[int]) -> None:
    with pytest.raises(IssuerClosed, match="it is open already"):
        async with issuer:
            raise AssertionError


async def test_closing_numbers_what_waits_and_takes_nothing_more(
    table: Drafts, pool: asyncpg.Pool, conn: asyncpg.Connection
) -> None:
    issuer, key, late = new(table, pool), table.add(), table.add()
    closing = asyncio.Event()

    async def use() -> None:
        async with issuer:
            await closing.wait()

    async with locked(conn, table, key):
        using = asyncio.create_task(use())
        await asyncio.sleep(0)
        call = asyncio.create_task(issuer.issue(key))
        await asyncio.sleep(0)
        closing.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(IssuerClosed, match="it is being closed"):
            await issuer.issue(late)
        assert not using.done()
    await using
    assert await call == 1


async def test_closing_for_an_error_refuses_what_waits(
    table: Drafts, pool: asyncpg.Pool, conn: asyncpg.Connection
) -> None:
    key = table.add()
    async with locked(conn, table, key):
        with suppress(ZeroDivisionError):
            async with new(table, pool) as issuer:
                call = asyncio.create_task(issuer.issue(key))
                await asyncio.sleep(0)
                raise ZeroDivisionError
        with pytest.raises(IssuerClosed, match="it was closed while rows were waiting"):
            await call


async def test_closing_that_is_cancelled_refuses_what_waits(
    table: Drafts, pool: asyncpg.Pool, conn: asyncpg.Connection
) -> None:
    key, calls = table.add(), list[asyncio.Task[int]]()

    async def use() -> None:
        async with new(table, pool) as issuer:
            calls.append(asyncio.create_task(issuer.issue(key)))
            await asyncio.sleep(0)

    async with locked(conn, table, key):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await use()
        with pytest.raises(IssuerClosed):
            await calls[0]
    assert pool.get_idle_size() == pool.get_size()


async def resting(issuer: Issuer[int]) -> None:
    """Wait until a row was found locked."""
    desk: Any = issuer._desk
    async with asyncio.timeout(DEADLINE):
        while desk._line.next_due() is None:  # noqa: ASYNC110  # it has no event for that
            await asyncio.sleep(0)


async def test_a_dead_task_tells_everyone_and_the_next_call(
    table: Drafts, issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    keys = table.add_many(3)
    desk: Any = issuer._desk
    async with locked(conn, table, keys[0]):
        calls = [asyncio.create_task(issuer.issue(keys[0])) for _ in range(3)]
        await resting(issuer)
        desk._line.take = None  # a fault of ours
        desk._wake.set()
        told = await asyncio.gather(*calls, return_exceptions=True)

    for error in told:
        assert isinstance(error, IssuerClosed)
        assert "its task has ended, and nothing is numbered any more" in str(error)
        assert isinstance(error.__cause__, TypeError)
    with pytest.raises(IssuerClosed, match="its task has ended"):
        await issuer.issue(keys[1])


async def test_a_task_that_somebody_cancels_tells_everyone(
    table: Drafts, issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    key = table.add()
    async with locked(conn, table, key):
        call = asyncio.create_task(issuer.issue(key))
        await resting(issuer)
        issuer._desk._task.cancel()  # type: ignore[union-attr]
        with pytest.raises(IssuerClosed, match="its task has ended"):
            await call


async def test_as_many_wait_as_may(
    table: Drafts, pool: asyncpg.Pool, conn: asyncpg.Connection
) -> None:
    keys = table.add_many(4)
    async with new(table, pool, limit=3) as issuer:
        async with conn.transaction():
            await conn.execute(f"SELECT FROM {table.name} FOR UPDATE")
            calls = [asyncio.create_task(issuer.issue(key)) for key in keys[:3]]
            await asyncio.sleep(0)
            with pytest.raises(IssuerFull) as caught:
                await issuer.issue(keys[3])
            assert caught.value.limit == 3
            calls.pop().cancel()
            await asyncio.sleep(0)
            calls.append(asyncio.create_task(issuer.issue(keys[3])))
        assert sorted(await asyncio.gather(*calls)) == [1, 2, 3]


async def test_after_a_fork(table: Drafts, issuer: Issuer[int]) -> None:
    key = table.add()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # there may be threads
        pid = os.fork()
    if pid == 0:  # the child
        status = 1
        with suppress(BaseException):
            try:
                issuer.issue(key).send(None)
            except IssuerClosed as exc:
                status = 0 if "the process that this one was forked from" in str(exc) else 2
        os._exit(status)

    _, status = await asyncio.to_thread(os.waitpid, pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert await issuer.issue(key) == 1


async def test_in_another_event_loop(table: Drafts, issuer: Issuer[int]) -> None:
    def elsewhere() -> object:
        with pytest.raises(IssuerClosed, match="it was started in another event loop"):
            asyncio.run(issuer.issue(1))
        return True

    assert await asyncio.to_thread(elsewhere)


def test_not_on_trio(table: Drafts) -> None:
    async def start() -> None:
        engine = create_async_engine(table.url.replace("postgresql:", "postgresql+asyncpg:"))
        async with new(table, engine):
            raise AssertionError

    with pytest.raises(UnsupportedConnection, match="an issuer runs on asyncio"):
        trio.run(start)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"timeout": 0}, "timeout must be positive and finite, not 0"),
        ({"timeout": None}, "timeout must be a number of seconds, not None"),
        ({"timeout": "1"}, "timeout must be a number of seconds, not '1'"),
        ({"limit": 0}, "limit must be an integer of at least 1, not 0"),
        ({"limit": True}, "limit must be an integer of at least 1, not True"),
        ({"scope": {"tenant": "tenant"}}, "scope has 'tenant'"),
        ({"at_column": "at"}, "at_column is for the numbers of a Numbering"),
    ],
)
async def test_arguments_that_cant_work(
    table: Drafts, pool: asyncpg.Pool, arguments: Any, problem: str
) -> None:
    with pytest.raises(InvalidSequence) as caught:
        new(table, pool, **arguments)

    assert str(caught.value).startswith(problem)


async def test_calls_that_cant_work(table: Drafts, issuer: Issuer[int]) -> None:
    for key in None, True, [1], 10**5000:
        with pytest.raises(InvalidSequence, match="key must be that of a row"):
            await issuer.issue(key)
    with pytest.raises(InvalidSequence, match="which is no text in UTF-8"):
        await issuer.issue("a\ud800")
    with pytest.raises(InvalidSequence, match="timeout must be positive"):
        await issuer.issue(1, timeout=-1)


@pytest.mark.parametrize("what", ["a connection", "nothing", "a text"])
async def test_sources_that_are_none(
    table: Drafts, conn: asyncpg.Connection, what: str
) -> None:
    sources: dict[str, tuple[Any, str]] = {
        "a connection": (conn, "pass an AsyncEngine of SQLAlchemy, an asyncpg.Pool,"),
        "nothing": (None, "an issuer has connections of its own"),
        "a text": (table.url, "an issuer has connections of its own"),
    }
    with pytest.raises(UnsupportedConnection) as caught:
        new(table, sources[what][0])

    assert sources[what][1] in str(caught.value)


async def test_waiting_callers_hold_no_connection(
    table: Drafts, conn: asyncpg.Connection
) -> None:
    async with asyncpg_pool(table.url, size=1) as pool, new(table, pool) as issuer:
        keys = table.add_many(50)
        async with locked(conn, table, keys[0]):
            calls = [asyncio.create_task(issuer.issue(key)) for key in keys]
            await asyncio.wait(calls[1:])
            async with asyncio.timeout(DEADLINE), pool.acquire() as mine:
                assert await mine.fetchval("SELECT 1") == 1
        assert await calls[0] == 50
        async with asyncio.timeout(DEADLINE):
            while pool.get_idle_size() < pool.get_size():  # noqa: ASYNC110  # it is given back
                await asyncio.sleep(0.005)


async def test_no_connection_can_be_had(table: Drafts, conn: asyncpg.Connection) -> None:
    async with asyncpg_pool(table.url, size=1) as pool, new(table, pool) as issuer:
        key = table.add()
        async with pool.acquire():
            with pytest.raises(IssueTimeout, match="no connection could be had from the pool"):
                await issuer.issue(key, timeout=0.1)
        assert await issuer.issue(key) == 1


async def test_a_server_that_isnt_there(table: Drafts) -> None:
    nowhere = "postgresql://127.0.0.1:1/none"
    async with engine_asyncpg(nowhere) as engine, new(table, engine) as issuer:
        with pytest.raises(IssueTimeout) as caught:
            await issuer.issue(1, timeout=0.3)

    assert isinstance(caught.value.__cause__, OSError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


async def test_nothing_is_sent_for_a_caller_that_has_gone(
    table: Drafts, issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    key, other, third = table.add(), table.add(), table.add()
    async with locked(conn, table, key):
        with pytest.raises(IssueTimeout):
            await issuer.issue(key, timeout=0.05)
        assert await issuer.issue(other) == 1  # so the group that had both is over

    assert await issuer.issue(third) == 2
    assert table.numbers() == {other: 1, third: 2}


def test_a_name_that_is_no_sequence(table: Drafts) -> None:
    with pytest.raises(InvalidSequence, match="what must be an AsyncSequence or a Numbering"):
        Issuer(None, "invoices", table.column, key="id")  # type: ignore[call-overload]
    assert AsyncSequence(table.name) == table.sequence
