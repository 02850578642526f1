"""Promise 5: nowait raises at once, holds nothing afterwards, and the transaction goes on."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import psycopg
import pytest

from aseq import AsyncSequence, SequenceLocked
from tests import django_sequences
from tests.blocks import backend_pid, undone
from tests.clients import Client
from tests.database import Database
from tests.observer import Observer, observing

pytestmark = pytest.mark.only(dialect="postgresql")

LOCKED = (
    "sequence {!r} is held by another transaction: nowait=True doesn't wait for it. "
    "The transaction is usable, and nothing was written. `aseq.holders` tells who holds it"
)
ABORTED = (
    "sequence {!r} is held by another transaction: the lock timeout ended the wait and "
    "aborted the transaction. Roll back and try again in a new one. `aseq.holders`, on another "
    "connection, tells who holds it"
)

# What may be left after a refusal: the locks that every reader or writer of a table
# keeps until its transaction ends, which stop nobody from reading and writing it.
HARMLESS = {
    ("relation", "AccessShareLock", True),
    ("relation", "RowShareLock", True),
    ("relation", "RowExclusiveLock", True),
    ("virtualxid", "ExclusiveLock", True),
    ("transactionid", "ExclusiveLock", True),
}


async def refused(seq: AsyncSequence, client: Client, count: int = 1) -> SequenceLocked:
    """The error of a nowait, which doesn't keep the caller; the holder goes on holding."""
    with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
        await seq.next_values(client.conn, count, nowait=True)
    return caught.value


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


@pytest.mark.parametrize("fair", [True, False])
async def test_a_free_sequence_is_drawn_from(database: Database, name: str, fair: bool) -> None:
    seq = AsyncSequence(name, fair=fair)
    async with database.connect() as client:
        for expected in (1, 2):
            async with client.transaction():
                assert await seq.next_value(client.conn, nowait=True) == expected
        async with client.transaction():
            assert await seq.next_values(client.conn, 3, nowait=True) == range(3, 6)
            assert await seq.next_value(client.conn, nowait=True) == 6

    assert database.last(name) == 6


@pytest.mark.parametrize(("fair", "first"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize(("reset", "count"), [(None, 1), (None, 3), (9, 1), (9, 3)])
async def test_the_loser_holds_nothing(
    database: Database,
    name: str,
    observer: Observer,
    fair: bool,
    first: bool,
    reset: int | None,
    count: int,
) -> None:
    seq = AsyncSequence(name, 1, reset, fair=fair)
    if not first:
        database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 1)")
    async with database.connect() as holder, database.connect() as loser:
        pid = await backend_pid(loser)
        async with loser.transaction():
            async with holder.transaction():
                held = await seq.next_value(holder.conn)
                error = await refused(seq, loser, count)
            assert observer.locks(pid) <= HARMLESS
            # Nor the row's own lock, which no view shows: others go on.
            async with holder.transaction():
                assert await seq.next_value(holder.conn, nowait=True) == held + 1
            assert await seq.next_value(loser.conn, nowait=True) == held + 2
            await loser.save(name, held + 2)

    assert str(error) == LOCKED.format(name)
    assert error.sequence == name
    assert database.saved(name) == [held + 2]


async def test_two_race_for_a_first_value(database: Database, name: str) -> None:
    seq, results = AsyncSequence(name), list[int | str]()
    ended = [anyio.Event(), anyio.Event()]

    async def race(mine: anyio.Event) -> None:
        async with database.connect() as client, client.transaction():
            try:
                results.append(await seq.next_value(client.conn, nowait=True))
            except SequenceLocked as exc:
                results.append(str(exc))
            mine.set()
            for event in ended:  # nobody ends before both have tried
                await event.wait()
            await client.save(name, len(results))

    async with anyio.create_task_group() as group:
        for event in ended:
            group.start_soon(race, event)

    assert sorted(results, key=str) == [1, LOCKED.format(name)]
    assert database.last(name) == 1
    assert database.saved(name) == [2, 2]


@pytest.mark.parametrize("fair", [True, False])
async def test_a_holder_that_does_not_queue(
    database: Database,
    name: str,
    observer: Observer,
    plain: psycopg.Connection[tuple[int]],
    fair: bool,
) -> None:
    seq = AsyncSequence(name, fair=fair)
    database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 1)")
    assert django_sequences.draw(plain, "aseq_sequence", name) == 2
    async with database.connect() as loser:
        pid = await backend_pid(loser)
        async with loser.transaction():
            error = await refused(seq, loser)
            kept = observer.locks(pid) - HARMLESS
            plain.rollback()
            assert (
                django_sequences.draw(plain, "aseq_sequence", name) == 2
            )  # the row was left alone
            plain.commit()
            assert await seq.next_value(loser.conn, nowait=True) == 3
        assert observer.locks(pid) == set()

    assert str(error) == LOCKED.format(name)
    # Its place in the queue is all that it keeps, and only until it ends.
    assert kept == ({("advisory", "ExclusiveLock", True)} if fair else set())


async def test_who_cannot_queue_locks_no_row(
    database: Database, name: str, plain: psycopg.Connection[tuple[int]]
) -> None:
    """One holds the queue, but not the row: the row isn't for those behind it."""
    seq = AsyncSequence(name)
    database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 1)")
    django_sequences.draw(plain, "aseq_sequence", name)
    async with (
        database.connect() as ahead,
        database.connect() as behind,
        ahead.transaction(),
        behind.transaction(),
    ):
        await refused(seq, ahead)
        plain.rollback()
        await refused(seq, behind)
        assert await seq.next_value(ahead.conn, nowait=True) == 2


@pytest.mark.parametrize("fair", [True, False])
async def test_a_first_value_that_cannot_be_seen(
    database: Database,
    name: str,
    observer: Observer,
    plain: psycopg.Connection[tuple[int]],
    fair: bool,
) -> None:
    """The one wait: for an uncommitted first value of a client that doesn't queue."""
    seq = AsyncSequence(name, fair=fair)
    assert django_sequences.draw(plain, "aseq_sequence", name) == 1
    async with database.connect() as loser:
        pid = await backend_pid(loser)
        async with undone(loser.transaction()):
            error = await refused(seq, loser)
        assert observer.locks(pid) == set()
        plain.commit()
        async with loser.transaction():
            assert await seq.next_value(loser.conn, nowait=True) == 2

    assert str(error).startswith(ABORTED.format(name))
    assert database.last(name) == 2
