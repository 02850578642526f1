"""Promises 1 and 4: many connections, one sequence; on PostgreSQL they wait in order."""

from __future__ import annotations

import random

import anyio
import pytest
from anyio.abc import TaskGroup

from aseq import AsyncSequence, is_retryable
from tests import clients, django_sequences
from tests.blocks import backend_pid, undone
from tests.clients import Client
from tests.database import Database
from tests.observer import Observer, observing

TASKS, ROUNDS = 20, 2


async def draw(seq: AsyncSequence, client: Client, drawn: list[int]) -> None:
    async with client.transaction():
        drawn.append(await seq.next_value(client.conn))


async def start_waiting(
    group: TaskGroup, observer: Observer, seq: AsyncSequence, client: Client, drawn: list[int]
) -> None:
    pid = await backend_pid(client)
    group.start_soon(draw, seq, client, drawn)
    await observer.until_waiting(pid)


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("commits", "expected"), [(True, 2), (False, 1)])
async def test_waits_for_the_other_to_end(
    database: Database, name: str, fair: bool, first: bool, commits: bool, expected: int
) -> None:
    seq, drawn = AsyncSequence(name, fair=fair), list[int]()
    if not first:  # a row that is there is waited for as one that isn't yet
        expected += 7
        database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 7)")
    with observing(database.url) as observer:
        async with (
            database.connect() as holder,
            database.connect() as waiter,
            anyio.create_task_group() as group,
        ):
            block = holder.transaction()
            async with block if commits else undone(block):
                await seq.next_value(holder.conn)
                await start_waiting(group, observer, seq, waiter, drawn)
                assert drawn == []

    assert drawn == [expected]


@pytest.mark.only(dialect="postgresql")
async def test_waiters_are_served_in_order(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    drawn: list[list[int]] = [[] for _ in range(5)]
    with observing(database.url) as observer:
        async with (
            anyio.create_task_group() as group,
            database.connect() as holder,
            holder.transaction(),
        ):
            await seq.next_value(holder.conn)
            for mine in drawn:
                group.start_soon(queue_up, database, seq, mine, ready := anyio.Event())
                await ready.wait()
                await observer.until_waiting(mine.pop())

    assert drawn == [[2], [3], [4], [5], [6]]


async def queue_up(
    database: Database, seq: AsyncSequence, drawn: list[int], ready: anyio.Event
) -> None:
    async with database.connect() as client:
        drawn.append(await backend_pid(client))
        ready.set()
        await draw(seq, client, drawn)


async def test_a_storm_leaves_no_gap(database: Database, name: str) -> None:
    await many(database, AsyncSequence(name))

    assert_gapless(database, name)


@pytest.mark.only(dialect="postgresql")
async def test_a_storm_without_a_queue_leaves_none(database: Database, name: str) -> None:
    await many(database, AsyncSequence(name, fair=False))

    assert_gapless(database, name)


async def many(database: Database, seq: AsyncSequence) -> None:
    async with anyio.create_task_group() as group:
        for number in range(TASKS):
            group.start_soon(storm, database, seq, number)


def assert_gapless(database: Database, name: str, table: str = "aseq_sequence") -> None:
    saved = database.saved(name)
    assert len(saved) > 0
    assert saved == list(range(1, len(saved) + 1))
    assert database.last(name, table) == len(saved)


async def storm(database: Database, seq: AsyncSequence, number: int) -> None:
    chance = random.Random(number)
    async with database.connect() as client:
        for _ in range(ROUNDS):
            ending = chance.choice(("commit", "rollback", "savepoint", "batch"))
            while not await attempted(client, seq, ending):
                pass


async def attempted(client: Client, seq: AsyncSequence, ending: str) -> bool:
    """One transaction; False if SQLite's one writer kept us waiting for too long."""
    block = client.transaction()
    try:
        async with undone(block) if ending == "rollback" else block:
            await draw_and_save(client, seq, 3 if ending == "batch" else 1)
            if ending == "savepoint" and client.draws_in_savepoints:
                async with undone(client.savepoint()):
                    await draw_and_save(client, seq, 2)
                async with client.savepoint():
                    await draw_and_save(client, seq, 1)
    except Exception as exc:
        if is_retryable(exc):
            return False
        raise
    return True


async def draw_and_save(client: Client, seq: AsyncSequence, count: int) -> None:
    for value in await seq.next_values(client.conn, count):
        await client.save(seq.name, value)


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize(
    ("table", "fair"),
    [(django_sequences.TABLE, None), (django_sequences.TABLE, True), ("aseq_sequence", False)],
)
async def test_mixes_with_clients_that_do_not_queue(
    database: Database, name: str, table: str, fair: bool | None
) -> None:
    database.run(django_sequences.DDL["postgresql"])
    seq = AsyncSequence(name, table=table, fair=fair)
    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(storm, database, seq, number)
            group.start_soon(
                anyio.to_thread.run_sync,
                django_sequences.work,
                database.url,
                table,
                name,
                8,
                number,
            )

    assert_gapless(database, name, table)


@pytest.mark.only(client=clients.SessionAsyncmy)
async def test_mixes_with_them_on_mariadb(database: Database, name: str) -> None:
    table = django_sequences.TABLE
    database.run(django_sequences.DDL["mariadb"])
    seq = AsyncSequence(name, table=table)
    async with database.connect() as client, client.transaction():
        # Else those who wait for the first row are let go (1213), and try again.
        await draw_and_save(client, seq, 1)
    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(storm, database, seq, number)
            group.start_soon(
                anyio.to_thread.run_sync,
                django_sequences.work_on_mariadb,
                database.url,
                name,
                8,
                number,
            )

    assert_gapless(database, name, table)
    assert len(database.saved(name)) > 20
