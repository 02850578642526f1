"""Promise 5: `timeout=` bounds the whole call, and never lengthens what the caller has set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import anyio
import psycopg
import pytest
from anyio.abc import TaskStatus

from aseq import AsyncSequence, SequenceLocked, is_retryable
from tests import django_sequences
from tests.clients import Client
from tests.contract.verbs import BOUNDED, BOUNDED_DRAWS, BoundedVerb
from tests.database import Database
from tests.faults.aftermath import commit_anyway
from tests.observer import Observer, observing

pytestmark = pytest.mark.only(dialect="postgresql")

ABORTED = (
    "sequence {!r} is held by another transaction: the lock timeout ended the wait and "
    "aborted the transaction. Roll back and try again in a new one. `aseq.holders`, on another "
    "connection, tells who holds it"
)


@pytest.fixture
def observer(postgres: str) -> Iterator[Observer]:
    with observing(postgres) as observer:
        yield observer


@pytest.fixture
def plain(postgres: str) -> Iterator[psycopg.Connection[tuple[int]]]:
    """A client that doesn't queue, in a transaction of its own."""
    with psycopg.connect(postgres) as conn:
        yield conn
        conn.rollback()


@pytest.fixture
def noting(database: Database, name: str) -> str:
    """A table whose rows note the lock_timeout that they were written under."""
    table = name.replace("-", "_")
    noted = "patience text DEFAULT current_setting('lock_timeout')"
    database.run(f"CREATE TABLE {table} (name text PRIMARY KEY, last bigint, {noted})")
    return table


def patience(database: Database, table: str, name: str) -> timedelta:
    """The lock_timeout that the row of a sequence was written under."""
    [(noted,)] = database.run(
        f"SELECT CAST(patience AS interval) FROM {table} WHERE name = '{name}'"
    )
    assert isinstance(noted, timedelta)
    return noted


@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("reset", [None, 9])
async def test_a_free_sequence(
    database: Database, name: str, fair: bool, reset: int | None
) -> None:
    seq = AsyncSequence(name, 1, reset, fair=fair)
    async with database.connect() as client:
        for expected in (1, 2):
            async with client.transaction():
                assert await seq.next_value(client.conn, timeout=20) == expected
        async with client.transaction():
            assert await seq.next_values(client.conn, 3, timeout=20) == range(3, 6)
            assert await seq.advance_to(client.conn, 7, timeout=20) == 7
            assert await anext(seq.iterate(client.conn, timeout=20)) == 8
            assert await seq.delete(client.conn, timeout=20) is True
            assert await seq.delete(client.conn, timeout=20) is False
            assert await seq.advance_to(client.conn, 4, timeout=20) == 4

    assert database.last(name) == 4


@pytest.mark.parametrize("verb", BOUNDED)
@pytest.mark.parametrize("first", [True, False])
async def test_a_held_sequence(database: Database, name: str, verb: str, first: bool) -> None:
    async with database.connect() as holder, database.connect() as waiter:
        await held(database, holder, waiter, name, BOUNDED[verb], first=first)


@pytest.mark.parametrize("first", [True, False])
async def test_one_that_is_held_by_whatever_draws(
    database: Database, name: str, first: bool
) -> None:
    async with database.connect() as holder, database.connect() as waiter:
        for verb, draw in BOUNDED_DRAWS.items():
            await held(database, holder, waiter, f"{name}-{verb}", draw, first=first)


async def held(
    database: Database,
    holder: Client,
    waiter: Client,
    name: str,
    verb: BoundedVerb,
    *,
    first: bool,
) -> None:
    seq = AsyncSequence(name)
    if not first:
        async with holder.transaction():
            await holder.save(name, await seq.next_value(holder.conn))
    async with holder.transaction():
        number = await seq.next_value(holder.conn)
        errors = list[SequenceLocked]()

        async def wait() -> None:
            with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
                await verb(seq, waiter.conn, 0.05)
            errors.append(caught.value)

        await commit_anyway(waiter, name, wait)
        await holder.save(name, number)
    async with waiter.transaction():
        await waiter.save(name, await seq.next_value(waiter.conn, timeout=20))

    [error] = errors
    text = re.sub(r" \(waited for \d+\.\d s\)$", "", str(error))
    assert text in (ABORTED.format(name), ABORTED.format(f"{name}, {name}-other"))
    assert error.waited is not None
    assert 0.05 <= error.waited < 20
    assert is_retryable(error)
    assert database.saved(f"{name}-other") == []
    assert database.saved(name) == list(range(1, len(database.saved(name)) + 1))


@pytest.mark.parametrize("fair", [True, False])
async def test_a_row_held_by_a_client_that_does_not_queue(
    database: Database, name: str, plain: psycopg.Connection[tuple[int]], fair: bool
) -> None:
    database.run(f"INSERT INTO aseq_sequence VALUES ('{name}', 6)")
    django_sequences.draw(plain, "aseq_sequence", name)
    seq = AsyncSequence(name, fair=fair)
    async with database.connect() as client:
        for verb in (*BOUNDED.values(), *BOUNDED_DRAWS.values()):
            with anyio.fail_after(20), pytest.raises(SequenceLocked):
                async with client.transaction():
                    await verb(seq, client.conn, 0.05)
        plain.rollback()
        async with client.transaction():
            assert await seq.next_value(client.conn, timeout=20) == 7


@pytest.mark.parametrize(
    ("own", "timeout", "meanwhile"),
    [
        ("0", 5, timedelta(seconds=5)),
        ("7ms", 5, timedelta(milliseconds=7)),
        ("1h", 5, timedelta(seconds=5)),
        ("2min", 3600, timedelta(minutes=2)),
        ("0", 0.0001, timedelta(milliseconds=1)),
        ("0", 1e9, timedelta(milliseconds=2**31 - 1)),
    ],
)
@pytest.mark.parametrize("fair", [True, False])
async def test_the_callers_lock_timeout_is_kept_and_never_lengthened(
    database: Database,
    name: str,
    noting: str,
    own: str,
    timeout: float,
    meanwhile: timedelta,
    fair: bool,
) -> None:
    family = {
        verb: AsyncSequence(f"{name}-{verb}", table=noting, fair=fair) for verb in BOUNDED_DRAWS
    }
    async with database.connect() as client:
        async with client.transaction():
            await client.execute(f"SET LOCAL lock_timeout = '{own}'")
            for verb, seq in family.items():
                for expected in (1, 2):
                    assert await BOUNDED_DRAWS[verb](seq, client.conn, timeout) == expected
                    assert await client.scalar("SHOW lock_timeout") == own
                assert await seq.advance_to(client.conn, 7, timeout=timeout) == 7
                assert await client.scalar("SHOW lock_timeout") == own
        for seq in family.values():
            assert timedelta(0) < patience(database, noting, seq.name) <= meanwhile
            if timeout < 1 or own == "7ms":
                assert patience(database, noting, seq.name) == meanwhile
        async with client.transaction():
            assert await seq.delete(client.conn, timeout=timeout)
            assert await client.scalar("SHOW lock_timeout") == "0"


async def test_the_rest_of_the_time_is_for_the_second_lock(
    database: Database, name: str, noting: str, observer: Observer
) -> None:
    """What was waited for the queue isn't there any more for the row."""
    family = {verb: AsyncSequence(f"{name}-{verb}", table=noting) for verb in BOUNDED_DRAWS}
    async with AsyncExitStack() as stack:
        holder = await stack.enter_async_context(database.connect())
        waiters = {verb: await stack.enter_async_context(database.connect()) for verb in family}
        async with anyio.create_task_group() as tasks, holder.transaction():
            for verb, seq in family.items():
                await seq.delete(holder.conn)  # in the queue, and there is no row
                pid = await tasks.start(draw, waiters[verb], verb, seq)
                await observer.until_waiting(pid)
            began = anyio.current_time()
            while anyio.current_time() - began < 0.3:  # noqa: ASYNC110  # time is the subject
                await anyio.sleep(0.05)

    for seq in family.values():
        left = patience(database, noting, seq.name)
        assert timedelta(0) < left <= timedelta(seconds=29.7)


async def draw(
    client: Client, verb: str, seq: AsyncSequence, *, task_status: TaskStatus[int]
) -> None:
    async with client.transaction():
        task_status.started(await client.scalar("SELECT pg_backend_pid()"))
        await BOUNDED_DRAWS[verb](seq, client.conn, 30)


async def test_after_a_time_out_the_savepoint_gives_the_setting_back(
    database: Database, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as waiter:  # noqa: SIM117
        async with holder.transaction(), waiter.transaction():
            await seq.next_value(holder.conn)
            for verb, draw in BOUNDED_DRAWS.items():
                await waiter.execute("SET lock_timeout = '9s'")
                with pytest.raises(SequenceLocked):
                    async with waiter.savepoint():
                        await draw(seq, waiter.conn, 0.05)
                assert await waiter.scalar("SHOW lock_timeout") == "9s"
                await waiter.execute("SET lock_timeout = '8s'")
                assert await draw(AsyncSequence(f"{name}-{verb}"), waiter.conn, 5) == 1
                assert await waiter.scalar("SHOW lock_timeout") == "8s"
            await waiter.execute("RESET lock_timeout")
            assert await waiter.scalar("SHOW lock_timeout") == "0"


async def test_a_shorter_lock_timeout_of_the_callers_ends_the_wait(
    database: Database, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as waiter:  # noqa: SIM117
        async with holder.transaction():
            await seq.next_value(holder.conn)
            for draw in BOUNDED_DRAWS.values():

                async def wait(draw: BoundedVerb = draw) -> int:
                    await waiter.execute("SET LOCAL lock_timeout = '50ms'")
                    number: int = await draw(seq, waiter.conn, 3600)
                    return number

                with anyio.fail_after(20), pytest.raises(SequenceLocked):
                    await commit_anyway(waiter, name, wait)
