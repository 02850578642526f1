"""`allocate`: several sequences in one statement, all or none, in one order of locks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.abc import TaskStatus

from aseq import (
    AsyncSequence,
    InvalidSequence,
    NotInTransaction,
    SequenceExhausted,
    SequenceLocked,
    allocate,
)
from tests.clients import Client
from tests.database import Database
from tests.django_sequences import draw
from tests.faults.aftermath import commit_anyway
from tests.observer import observing

MAX = 2**63 - 1


def family(name: str) -> list[AsyncSequence]:
    """Sequences of every kind: endless, by steps, downwards, looping, without a queue."""
    return [
        AsyncSequence(f"{name}-e"),
        AsyncSequence(f"{name}-d", 100, step=10),
        AsyncSequence(f"{name}-c", 0, step=-2),
        AsyncSequence(f"{name}-b", 1, 4),
        AsyncSequence(f"{name}-a", 7, fair=False),
        AsyncSequence(f"{name}-ü 'x' \"y\" %s $1 :name 😀"),
        AsyncSequence(f"{name}-q", queue=f"{name}-e"),
    ]


@pytest.mark.parametrize("waiting", [{}, {"nowait": True}, {"timeout": 20}], ids=str)
async def test_new_rows_and_rows_that_are_there(
    database: Database, name: str, waiting: dict[str, Any]
) -> None:
    e, d, c, b, a, u, q = family(name)
    wanted = {e: 3, d: 2, c: 2, b: 2, a: 1, u: 1, q: 2}
    async with database.connect() as client:
        async with client.transaction():
            first = await allocate(client.conn, wanted, **waiting)
        async with client.transaction():
            second = await allocate(client.conn, wanted, **waiting)
            assert await d.next_value(client.conn) == 140

    assert list(first) == list(wanted)
    assert first == {
        e: range(1, 4),
        d: range(100, 120, 10),
        c: range(0, -4, -2),
        b: range(1, 3),
        a: range(7, 8),
        u: range(1, 2),
        q: range(1, 3),
    }
    assert second == {
        e: range(4, 7),
        d: range(120, 140, 10),
        c: range(-4, -8, -2),
        b: (3, 1),
        a: range(8, 9),
        u: range(2, 3),
        q: range(3, 5),
    }


async def test_none_of_a_sequence_leaves_it_alone(database: Database, name: str) -> None:
    one, other = AsyncSequence(name), AsyncSequence(f"{name}-other")
    async with database.connect() as client:
        assert await allocate(client.conn, {}) == {}
        assert await allocate(client.conn, {one: 0}) == {one: range(0)}
        async with client.transaction():
            assert await allocate(client.conn, {one: 0, other: 2}) == {
                one: range(0),
                other: range(1, 3),
            }

    assert database.last(name) is None


async def test_outside_a_transaction(database: Database, name: str) -> None:
    strict = AsyncSequence(name)
    lax = AsyncSequence(f"{name}-lax", require_transaction=False)
    async with database.connect() as client:
        with suppress(NotInTransaction):  # or the driver begins by itself
            await allocate(client.conn, {lax: 1, strict: 1})
        assert database.last(strict.name) is None
        assert database.last(lax.name) is None


@pytest.mark.parametrize("waiting", [{}, {"nowait": True}, {"timeout": 20}], ids=str)
async def test_what_was_drawn_is_lost_where_another_has_no_more(
    database: Database, name: str, waiting: dict[str, Any]
) -> None:
    good, full = AsyncSequence(f"{name}-a"), AsyncSequence(f"{name}-b")
    async with database.connect() as client:
        async with client.transaction():
            await full.advance_to(client.conn, MAX)

        errors = list[SequenceExhausted]()

        async def swallow() -> None:
            with pytest.raises(SequenceExhausted) as caught:
                await allocate(client.conn, {good: 1, full: 1}, **waiting)
            errors.append(caught.value)

        await commit_anyway(client, name, swallow)

    assert (errors[0].sequence, errors[0].last) == (full.name, MAX)
    assert database.saved(f"{name}-other") == []
    assert database.last(good.name) is None


@pytest.mark.only(dialect="postgresql")
async def test_nothing_drawn_at_all_leaves_the_transaction_usable(
    database: Database, name: str
) -> None:
    full = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        await full.advance_to(client.conn, MAX)
        with pytest.raises(SequenceExhausted):
            await allocate(client.conn, {full: 1})
        await client.save(name, 1)

    assert database.saved(name) == [1]


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("held", ["a", "c"])
@pytest.mark.parametrize("fair", [True, False])
async def test_nowait_names_them_and_draws_from_none(
    database: Database, name: str, held: str, fair: bool
) -> None:
    family = [AsyncSequence(f"{name}-{letter}", fair=fair) for letter in "abcde"]
    wanted = dict.fromkeys(family, 1)
    async with database.connect() as holder, database.connect() as client:
        async with holder.transaction():  # a row that nobody holds can be told from none
            await allocate(holder.conn, wanted)
        async with holder.transaction():
            await AsyncSequence(f"{name}-{held}", fair=fair).next_value(holder.conn)
            async with client.transaction():
                with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
                    await allocate(client.conn, wanted, nowait=True)
                await client.save(name, 1)
        async with client.transaction():
            drawn = await allocate(client.conn, wanted, nowait=True)

    assert caught.value.sequence == f"{name}-a, {name}-b, {name}-c and 2 more"
    assert sum(numbers[0] for numbers in drawn.values()) == 2 * 5 + 1
    assert database.saved(name) == [1]


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("fair", [True, False])
async def test_a_time_out(database: Database, name: str, fair: bool) -> None:
    family = [AsyncSequence(f"{name}-{letter}", fair=fair) for letter in "abc"]
    async with database.connect() as holder, database.connect() as client:

        async def wait() -> None:
            with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
                await allocate(client.conn, dict.fromkeys(family, 1), timeout=0.05)
            assert caught.value.waited is not None

        async with holder.transaction():
            await family[2].next_value(holder.conn)
            await commit_anyway(client, name, wait)
        async with client.transaction():
            await client.execute("SET LOCAL lock_timeout = '9s'")
            drawn = await allocate(client.conn, dict.fromkeys(family, 1), timeout=20)
            assert await client.scalar("SHOW lock_timeout") == "9s"

    assert [list(numbers) for numbers in drawn.values()] == [[1], [1], [2]]
    assert database.saved(f"{name}-other") == []


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("fair", [True, False])
async def test_the_rest_of_the_time_is_for_the_rows(
    database: Database, name: str, fair: bool
) -> None:
    """Each row notes the lock_timeout that it was written under."""
    table = name.replace("-", "_")
    noted = "patience text DEFAULT current_setting('lock_timeout')"
    database.run(f"CREATE TABLE {table} (name text PRIMARY KEY, last bigint, {noted})")
    family = [AsyncSequence(letter, table=table, fair=fair) for letter in "abc"]
    async with database.connect() as client, client.transaction():
        await allocate(client.conn, dict.fromkeys(family, 1), timeout=0.0001)

    assert database.run(f"SELECT name, patience FROM {table} ORDER BY name") == [
        ("a", "1ms"),
        ("b", "1ms"),
        ("c", "1ms"),
    ]


@pytest.mark.only(dialect="postgresql")
async def test_clients_that_do_not_queue(database: Database, name: str) -> None:
    import psycopg

    family = [AsyncSequence(f"{name}-{letter}") for letter in "abc"]
    with psycopg.connect(database.url) as plain:
        draw(plain, "aseq_sequence", family[1].name)
        plain.commit()
        draw(plain, "aseq_sequence", family[1].name)
        async with database.connect() as client:
            async with client.transaction():
                with anyio.fail_after(20), pytest.raises(SequenceLocked):
                    await allocate(client.conn, dict.fromkeys(family, 1), nowait=True)
            plain.rollback()
            async with client.transaction():
                drawn = await allocate(client.conn, dict.fromkeys(family, 1), nowait=True)

    assert [list(numbers) for numbers in drawn.values()] == [[1], [2], [1]]


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("waiting", [{}, {"timeout": 20}], ids=str)
async def test_rows_are_written_behind_all_places_in_queues(
    database: Database, name: str, waiting: dict[str, Any]
) -> None:
    first, last = AsyncSequence(f"{name}-a"), AsyncSequence(f"{name}-b")
    unqueued = AsyncSequence(first.name, fair=False)
    drawn = list[Sequence[int]]()

    async def draw_both(client: Client, *, task_status: TaskStatus[int]) -> None:
        async with client.transaction():
            task_status.started(await client.scalar("SELECT pg_backend_pid()"))
            numbers = await allocate(client.conn, {last: 1, first: 1}, **waiting)
        drawn.extend(numbers.values())

    async with database.connect() as holder, database.connect() as client:  # noqa: SIM117
        async with database.connect() as other:
            async with anyio.create_task_group() as tasks, holder.transaction():
                await last.next_value(holder.conn)
                pid = await tasks.start(draw_both, client)
                with observing(database.url) as observer:
                    await observer.until_waiting(pid)
                    assert ("advisory", "ExclusiveLock", False) in observer.locks(pid)
                async with other.transaction():
                    assert await unqueued.next_value(other.conn, nowait=True) == 1

    assert drawn == [range(2, 3), range(2, 3)]


ROUNDS = 8


async def test_a_storm_of_random_orders(database: Database, name: str) -> None:
    """Three of six, in orders of their own: nobody waits for anybody in a circle."""
    family = [AsyncSequence(f"{name}-{letter}") for letter in "abcdef"]
    workers = 4 if database.case.dialect == "postgresql" else 2

    async def work(seed: int) -> None:
        chance = random.Random(seed)
        async with database.connect() as client:
            for _ in range(ROUNDS):
                wanted = {each: chance.randint(1, 3) for each in chance.sample(family, 3)}
                await allocate_and_save(client, wanted, undo=chance.random() < 0.2)

    async with anyio.create_task_group() as group:
        for seed in range(workers):
            group.start_soon(work, seed)

    for each in family:
        saved, last = database.chain(each.name)
        assert saved == list(range(1, (last or 0) + 1))


class Undone(Exception):
    pass


async def allocate_and_save(
    client: Client, wanted: Mapping[AsyncSequence, int], *, undo: bool
) -> None:
    try:
        async with client.transaction():
            drawn = await allocate(client.conn, wanted)
            for each, numbers in drawn.items():
                await save_all(client, each.name, numbers)
            if undo:
                raise Undone
    except Undone:
        pass


async def save_all(client: Client, name: str, numbers: Sequence[int]) -> None:
    for number in numbers:
        await client.save(name, number)


A = AsyncSequence("a")

TOO_MANY = (
    "sequences must stand in 1,000 queues at most, not 1,001: each takes a slot of the "
    "server's lock table until the transaction ends"
)
TOO_FAR = (
    "sequences has 'a', whose first 2 values don't fit in 64 bits: "
    "draw from it with next_values"
)

# (what is wanted, text of the error)
REFUSED: list[tuple[Mapping[AsyncSequence, int], str]] = [
    ({A: -1}, "count must be an integer of at least 0, not -1"),
    (
        {A: 1, AsyncSequence("a", step=2): 1},
        "sequences has two called 'a': one name is one sequence",
    ),
    (
        {A: 1, AsyncSequence("b", table="billing.numbers"): 1},
        "sequences must be in one table, not aseq_sequence, billing.numbers",
    ),
    ({AsyncSequence(f"{i}"): 1 for i in range(1_001)}, TOO_MANY),
    ({AsyncSequence("a", MAX): 2}, TOO_FAR),
]


@pytest.mark.parametrize(("wanted", "text"), REFUSED)
async def test_refused(
    database: Database, wanted: Mapping[AsyncSequence, int], text: str
) -> None:
    async with database.connect() as client, client.transaction():
        with pytest.raises(InvalidSequence) as caught:
            await allocate(client.conn, wanted)
        await client.save("usable", 1)

    assert str(caught.value) == text


async def test_very_many(database: Database, name: str) -> None:
    family = {AsyncSequence(f"{name}-{i}"): 1 for i in range(1_000)}
    async with database.connect() as client:
        for expected in (1, 2):
            async with client.transaction():
                drawn = await allocate(client.conn, family)
            assert {tuple(numbers) for numbers in drawn.values()} == {(expected,)}
