"""Promise 3: a draw that is cancelled or times out loses no number, whoever swallows it.

Each scenario ends with the same count: what was committed is 1, 2, ... up to the last
value, and somebody else gets the next number at once.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import Any

import pytest
from asyncmy.errors import InterfaceError
from sqlalchemy.exc import DBAPIError

from aseq import AsyncSequence, _loss
from tests import clients
from tests.database import Database
from tests.faults.aftermath import (
    assert_free,
    assert_usable,
    commit_anyway,
    draw_and_save,
    roll_back,
)
from tests.faults.attempts import WAYS, Attempt, asyncio_runs
from tests.faults.stalled import attempted
from tests.faults.stalls import Stall, stallable
from tests.hooked import hooked
from tests.logged import events, records

pytestmark = pytest.mark.only(awaited=True)  # it cancels calls

# A scope around the transaction cancels the driver's own ROLLBACK as well: psycopg then
# closes the connection, and asyncpg forgets that it is in a transaction.
LOST_BY_ITS_DRIVER: tuple[type[clients.Client], ...] = (
    *(clients.Asyncpg, clients.Psycopg, clients.AsyncBackend, clients.PiccoloPostgres),
    *clients.LOST_BY_SQLALCHEMY,
)


# psycopg can't be watched; SQLAlchemy on servers raises an error of its own. On MariaDB a
# connection that has lost a number is closed, and each use of it is an error of the driver's.
UNSEEN: tuple[type[clients.Client], ...] = (
    *(clients.Psycopg, clients.PsycopgBlock, clients.PsycopgThread, clients.PsycopgThreadBlock),
    *(clients.AsyncBackend, clients.TortoisePsycopg),
    *(clients.SessionAsyncpg, clients.SessionPsycopg),
    *(clients.ConnectionAsyncpg, clients.ConnectionPsycopg),
    *(clients.Asyncmy, clients.AsyncmyPool, clients.Aiomysql, clients.AiomysqlPool),
    *(clients.SessionAsyncmy, clients.ConnectionAsyncmy, clients.SessionAiomysql),
    clients.TortoiseAsyncmy,
)


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> None:
    """Everything is logged."""
    caplog.set_level(logging.INFO, logger="aseq")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, anyio_backend: tuple[str, object]) -> str:
    """How things are cancelled."""
    if request.param == "task" and anyio_backend[0] == "trio":
        pytest.skip("trio has scopes only")
    return str(request.param)


async def test_a_transaction_cancelled_while_it_waits_unwinds(
    database: Database, name: str, way: str
) -> None:
    async with stallable(database, name) as (client, stall):
        async with attempted(lambda: draw_and_save(client, name), stall) as attempt:
            attempt.cancel(way)
            stall.release_if_it_cannot_be_interrupted()

        await assert_free(database, name)
        if way == "task" or not isinstance(client, LOST_BY_ITS_DRIVER):
            await roll_back(client)
            await assert_usable(database, client, name)


async def test_a_draw_cancelled_while_it_waits_and_swallowed(
    database: Database, name: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):

        async def draw() -> Any:
            work = attempted(lambda: seq.next_value(client.conn), stall)
            async with work as attempt:
                attempt.cancel(way)
                stall.release_if_it_cannot_be_interrupted()
            assert_told(attempt, caplog)
            return attempt.value

        await commit_anyway(client, name, draw)

        await assert_free(database, name)
        await assert_usable(database, client, name)


async def test_a_late_cancellation_swallowed(
    database: Database, name: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The number is drawn, and nobody has looked at the answer."""
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):

        async def draw() -> Any:
            with hooked() as hooks_told:
                async with attempted(lambda: seq.next_value(client.conn), stall) as attempt:
                    stall.release_unnoticed()
                    attempt.cancel(way)
            assert_told(attempt, caplog)
            [details] = hooks_told
            assert details.outcome == ("lost" if attempt.value is None else "drawn")
            assert details.error is attempt.error
            return attempt.value

        await commit_anyway(client, name, draw)
        if "number_lost" in events(caplog):
            assert_warned(client, name, caplog)

        await assert_free(database, name)
        await assert_usable(database, client, name)


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "late"])
async def test_a_timeout_inside_the_transaction_swallowed(
    database: Database, name: str, late: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if not asyncio_runs():
        pytest.skip("asyncio's own")
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):

        async def draw() -> Any:
            with pytest.raises(TimeoutError) as timeout:  # noqa: PT012
                async with asyncio.timeout(None) as limit:
                    expiry = asyncio.create_task(expire(limit, stall, late))
                    await seq.next_value(client.conn)
            await expiry
            assert _loss.UNUSABLE_NOTE in getattr(timeout.value.__cause__, "__notes__", ())

        async with stall.holding():
            await commit_anyway(client, name, draw)
            stall.release()

        await assert_free(database, name)
        await assert_usable(database, client, name)


async def expire(limit: asyncio.Timeout, stall: Stall, late: bool) -> None:
    """Let a timeout expire when a draw has stopped."""
    try:
        await stall.reached()
        if late:
            stall.release_unnoticed()
    finally:  # or nothing would end
        limit.reschedule(asyncio.get_running_loop().time())
        stall.release_if_it_cannot_be_interrupted()


async def test_a_late_cancellation_of_the_whole_transaction(
    database: Database, name: str, way: str
) -> None:
    async with stallable(database, name) as (client, stall):
        async with attempted(lambda: draw_and_save(client, name), stall) as attempt:
            stall.release_unnoticed()
            attempt.cancel(way)

        await assert_free(database, name)
        if way == "task" or not isinstance(client, LOST_BY_ITS_DRIVER):
            await roll_back(client)
            await assert_usable(database, client, name)


async def test_a_savepoint_rolled_back_after_a_cancellation(
    database: Database, name: str, way: str
) -> None:
    """It undoes the draw, but SQLite's remedy lasts until the whole transaction ends."""
    if database.case.client is clients.SessionAiosqliteDefault:
        pytest.skip("refused: there the savepoint would commit the number by itself")
    seq = AsyncSequence(name)
    async with stallable(database, name) as (client, stall):

        async def draw() -> Any:
            await client.save(
                f"{name}-other", 0
            )  # begins the transaction where nothing else does
            async with client.savepoint():
                async with attempted(lambda: seq.next_value(client.conn), stall) as attempt:
                    stall.release_unnoticed()
                    attempt.cancel(way)
                if attempt.value is None:
                    raise ZeroDivisionError
            return attempt.value

        async def survive() -> Any:
            try:
                return await draw()
            except (ZeroDivisionError, sqlite3.DatabaseError, DBAPIError, InterfaceError):
                return None  # SQLite refuses to release the savepoint; asyncmy is closed

        await commit_anyway(client, name, survive)

        await assert_free(database, name)
        await assert_usable(database, client, name)


def assert_warned(client: clients.Client, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever goes on with the transaction is told of in the log, where that can be seen."""
    warnings = [vars(record) for record in records(caplog) if record.levelno > logging.INFO]
    assert bool(warnings) != isinstance(client, UNSEEN)
    for warning in warnings:
        assert warning["aseq_event"] in ("lost_transaction_used", "lost_transaction_committed")
        assert warning["aseq_sequence"] == name
        assert warning["aseq_advice"]


def assert_told(attempt: Attempt, caplog: pytest.LogCaptureFixture) -> None:
    """Either the number is there, or the caller and the log know that none is."""
    if attempt.value is not None:
        assert events(caplog) == []
        return
    assert attempt.error is not None
    assert attempt.error.__notes__ == [_loss.UNUSABLE_NOTE]
    assert events(caplog) == ["number_lost"]
    [record] = records(caplog)
    assert record.levelno == logging.INFO
