"""Bounded when nothing answers any more, and safe when it answers again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import anyio.to_thread
import psycopg
import pytest
from psycopg.pq import TransactionStatus

from aseq import AsyncSequence, _drive, _loss
from aseq._concurrency import call
from tests import clients
from tests.cases import CASES
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import assert_free, assert_gapless, draw_and_save, roll_back
from tests.faults.attempts import Attempt
from tests.mysqlclient import need_mysqlclient
from tests.proxy import Proxy, proxy_before

BY_DRIVER = [
    clients.Asyncpg,
    clients.Psycopg,
    clients.PsycopgThread,
    clients.SessionAsyncpg,
    clients.SessionPsycopg,
]


@pytest.fixture
def behind(postgres: str) -> Database:
    """A PostgreSQL with the tables, without a proxy."""
    database = Database(CASES[0], postgres)
    database.create_tables()
    return database


@asynccontextmanager
async def connected(kind: type[Client], proxy: Proxy) -> AsyncIterator[Client]:
    client = kind(proxy.url)
    await client.open()
    try:
        yield client
    finally:
        proxy.release()
        with suppress(Exception):
            await client.close()


@pytest.mark.parametrize("kind", BY_DRIVER)
async def test_a_frozen_network(
    behind: Database, name: str, kind: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has drawn the number; neither its answer nor a request to cancel passes."""
    monkeypatch.setattr(_drive, "ABORT_TIMEOUT", 0.1)
    monkeypatch.setattr(call, "LIMIT", 0.1)
    await freeze(behind, name, kind)


@pytest.mark.parametrize("kind", [clients.AatomicMariadb, clients.AatomicMysqlclient])
async def test_a_frozen_network_before_mariadb(
    mariadb: str, name: str, kind: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a second connection asks for the end of the statement, and doesn't get through."""
    if kind.needs_mysqlclient:
        need_mysqlclient()
    monkeypatch.setattr(call, "LIMIT", 0.1)
    behind = Database(next(case for case in CASES if case.client is kind), mariadb)
    behind.create_tables()
    await freeze(behind, name, kind)


async def freeze(behind: Database, name: str, kind: type[Client]) -> None:
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(behind.url) as proxy:
        async with connected(kind, proxy) as client:
            await draw_and_save(client, name)
            with suppress(Exception):
                async with client.transaction(), anyio.create_task_group() as tasks:
                    await client.save(f"{name}-other", 0)
                    proxy.hold_answers()
                    tasks.start_soon(attempt, lambda: seq.next_value(client.conn))
                    await anyio.to_thread.run_sync(proxy.wait_for_answer)
                    proxy.freeze()
                    attempt.cancel("task")
                    with anyio.fail_after(60):
                        await attempt.ended.wait()
                    proxy.release()
                    await client.save(f"{name}-other", 0)

            assert attempt.error is not None
            assert attempt.error.__notes__ in ([_loss.GIVEN_UP_NOTE], [_loss.UNUSABLE_NOTE])
            assert behind.saved(f"{name}-other") == []
            proxy.cut()
    await assert_free(behind, name)


# As above, each on a network that stops before or after the moment of that test.
BY_OUR_OWN_BOUND = [
    clients.Psycopg,
    clients.PsycopgBlock,
    clients.PsycopgThread,
    clients.PsycopgThreadBlock,
    clients.Asyncpg,
    clients.TortoisePsycopg,
]
BOUND = 4.0  # less than the 5 seconds for which psycopg waits by itself


def is_active(client: Client) -> bool:
    """Whether a statement was sent, and not answered."""
    return client.conn.info.transaction_status is TransactionStatus.ACTIVE


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_drive, "ABORT_TIMEOUT", 0.1)
    monkeypatch.setattr(call, "LIMIT", 0.1)


@pytest.mark.parametrize("way", ["task", "scope"])
@pytest.mark.parametrize("kind", [clients.Psycopg, clients.PsycopgThread])
@pytest.mark.usefixtures("impatient")
async def test_a_network_frozen_in_the_drivers_own_begin(
    behind: Database, name: str, kind: type[Client], way: str
) -> None:
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(behind.url) as proxy:
        async with connected(kind, proxy) as client:
            await draw_and_save(client, name)
            proxy.freeze()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(attempt, lambda: seq.next_value(client.conn))
                with anyio.fail_after(60):
                    while not is_active(client):  # noqa: ASYNC110  # it tells nobody
                        await anyio.sleep(0.001)
                attempt.cancel(way)
                with anyio.fail_after(BOUND):
                    await attempt.ended.wait()
                    with suppress(psycopg.OperationalError):
                        await roll_back(client)

        assert isinstance(attempt.error, asyncio.CancelledError)
        assert not hasattr(attempt.error, "__notes__")  # nothing was sent
        proxy.cut()
    await assert_free(behind, name)


@pytest.mark.parametrize("way", ["task", "scope"])
@pytest.mark.parametrize("kind", BY_OUR_OWN_BOUND)
@pytest.mark.usefixtures("impatient")
async def test_a_network_frozen_before_the_abort(
    behind: Database, name: str, kind: type[Client], way: str
) -> None:
    """The answer has come, and was looked at by nobody. Leaving the block takes no longer."""
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(behind.url) as proxy:
        async with connected(kind, proxy) as client:
            await draw_and_save(client, name)
            with suppress(Exception), anyio.CancelScope() as late:
                async with client.transaction():
                    await client.save(f"{name}-other", 0)
                    async with anyio.create_task_group() as tasks:
                        proxy.hold_answers()
                        tasks.start_soon(attempt, lambda: seq.next_value(client.conn))
                        await anyio.to_thread.run_sync(proxy.wait_for_answer)
                        proxy.deliver()
                        proxy.freeze()
                        attempt.cancel(way)
                        late.deadline = anyio.current_time() + BOUND
                        await attempt.ended.wait()

            assert not late.cancelled_caught
            assert attempt.error is not None
            assert attempt.error.__notes__ == [_loss.GIVEN_UP_NOTE]
            proxy.cut()
    assert behind.saved(f"{name}-other") == []
    await assert_free(behind, name)


@pytest.mark.parametrize("kind", BY_DRIVER)
async def test_a_connection_cut_in_the_middle(
    behind: Database, name: str, kind: type[Client]
) -> None:
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(behind.url) as proxy:
        async with connected(kind, proxy) as client:
            await draw_and_save(client, name)
            with suppress(Exception):
                async with client.transaction(), anyio.create_task_group() as tasks:
                    await client.save(f"{name}-other", 0)
                    proxy.hold_answers()
                    tasks.start_soon(attempt, lambda: seq.next_value(client.conn))
                    await anyio.to_thread.run_sync(proxy.wait_for_answer)
                    proxy.cut()
                    proxy.release()
                    with anyio.fail_after(60):
                        await attempt.ended.wait()
                    await client.save(f"{name}-other", 0)

            assert isinstance(attempt.error, Exception)
            assert behind.saved(f"{name}-other") == []
    await assert_free(behind, name)


async def test_asyncpg_command_timeout_swallowed(behind: Database, name: str) -> None:
    """asyncpg raises a builtin TimeoutError: the caller got no number, whatever drew it."""
    seq = AsyncSequence(name)
    with proxy_before(behind.url) as proxy:
        async with connected(clients.Asyncpg, proxy) as client:
            await draw_and_save(client, name)
            with suppress(Exception):
                async with client.transaction():
                    # As `connect(command_timeout=1)`, but for what nobody answers only.
                    client.conn._config = client.conn._config._replace(command_timeout=1)
                    proxy.hold_answers()
                    with pytest.raises(TimeoutError):
                        await seq.next_value(client.conn)
                    proxy.release()
                    await client.save(f"{name}-other", 0)

            assert behind.saved(f"{name}-other") == []
            assert_gapless(behind, name)
    await assert_free(behind, name)


@pytest.mark.parametrize("kind", [clients.SessionAsyncpg, clients.SessionPsycopg])
@pytest.mark.parametrize("begun", [False, True])
async def test_sqlalchemy_on_a_frozen_network_ends_within_the_bound(
    behind: Database, name: str, kind: type[Client], begun: bool
) -> None:
    """Five seconds. psycopg itself would wait for as long again, until it hangs up."""
    seq, attempt = AsyncSequence(name), Attempt()
    with proxy_before(behind.url) as proxy:
        async with connected(kind, proxy) as client:
            await draw_and_save(client, name)
            with suppress(Exception):
                async with client.transaction(), anyio.create_task_group() as tasks:
                    if begun:
                        await client.save(f"{name}-other", 0)
                    proxy.hold_answers()
                    tasks.start_soon(attempt, lambda: seq.next_value(client.conn))
                    await anyio.to_thread.run_sync(proxy.wait_for_answer)
                    proxy.freeze()
                    start = anyio.current_time()
                    attempt.cancel("task")
                    await attempt.ended.wait()
                    took = anyio.current_time() - start
                    proxy.cut()
                    proxy.release()
        assert took < call.LIMIT + 3
    await assert_free(behind, name)
