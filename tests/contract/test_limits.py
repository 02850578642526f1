"""Past the last value: nothing is written, and on PostgreSQL the transaction goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence, InvalidSequence, SequenceExhausted
from tests import django_sequences
from tests.blocks import backend_pid
from tests.cases import CASES
from tests.clients import Client
from tests.database import Database
from tests.observer import observing

MAX = 2**63 - 1
MIN = -(2**63)


ENDS_OF_ALL = ((MAX, 1), (MIN, -1))


def exhausted(name: str, last: int) -> str:
    return (
        f"sequence {name!r} is exhausted: its last value is {last} and the next doesn't fit "
        "in 64 bits; go on with another name, or loop with reset_value"
    )


# step, the last value, how many more there are
ENDS = ((1, MAX, 0), (1, MAX - 2, 2), (10, MAX - 25, 2), (-1, MIN, 0), (-7, MIN + 20, 2))


@pytest.mark.parametrize(("step", "last", "left"), ENDS)
@pytest.mark.parametrize("nowait", [False, True])
async def test_past_the_end(
    database: Database, name: str, step: int, last: int, left: int, nowait: bool
) -> None:
    seq = AsyncSequence(name, step=step)
    async with database.connect() as client, client.transaction():
        await seq.advance_to(client.conn, last)
        with pytest.raises(SequenceExhausted) as caught:
            await seq.next_values(client.conn, left + 1, nowait=nowait)
        values = [await seq.next_value(client.conn, nowait=nowait) for _ in range(left)]
        await client.save(name, 1)

    assert str(caught.value) == exhausted(name, last)
    assert (caught.value.sequence, caught.value.last) == (name, last)
    assert values == [last + step * (i + 1) for i in range(left)]
    assert database.last(name) == last + step * left
    assert database.saved(name) == [1]


@pytest.mark.parametrize("fair", [True, False])
async def test_past_the_end_of_either_queue(database: Database, name: str, fair: bool) -> None:
    seq = AsyncSequence(name, MAX, fair=fair)
    async with database.connect() as client, client.transaction():
        assert await seq.next_value(client.conn) == MAX
        with pytest.raises(SequenceExhausted):
            await seq.next_value(client.conn)
        assert await seq.last_value(client.conn) == MAX


async def test_first_values_that_do_not_fit(database: Database, name: str) -> None:
    seq = AsyncSequence(name, MAX)
    async with database.connect() as client, client.transaction():
        with pytest.raises(SequenceExhausted) as caught:
            await seq.next_values(client.conn, 2)
        assert await seq.last_value(client.conn) is None
        assert await seq.next_value(client.conn) == MAX

    assert str(caught.value) == (
        f"sequence {name!r} is exhausted: not even its first values fit in 64 bits; "
        "go on with another name, or loop with reset_value"
    )


async def test_past_the_end_of_the_table_of_django_sequences(
    database: Database, name: str
) -> None:
    database.run(django_sequences.DDL[database.case.dialect])
    database.run(
        f"INSERT INTO {django_sequences.TABLE} (name, last) VALUES ('{name}', {MAX - 1})"
    )
    seq = AsyncSequence(name, table=django_sequences.TABLE)
    async with database.connect() as client, client.transaction():
        with pytest.raises(SequenceExhausted) as batch:
            await seq.next_values(client.conn, 2)
        assert await seq.next_value(client.conn) == MAX
        with pytest.raises(SequenceExhausted) as single:
            await seq.next_value(client.conn)
        await client.save(name, MAX)

    assert [str(batch.value), str(single.value)] == [
        exhausted(name, MAX - 1),
        exhausted(name, MAX),
    ]
    assert database.last(name, django_sequences.TABLE) == MAX
    assert isinstance(
        database.last(name, django_sequences.TABLE), int
    )  # SQLite would make it a float
    assert database.saved(name) == [MAX]


async def test_shares_the_table_of_django_sequences(database: Database, name: str) -> None:
    database.run(django_sequences.DDL[database.case.dialect])
    database.run(f"INSERT INTO {django_sequences.TABLE} (name, last) VALUES ('{name}', 41)")
    seq, loops = (
        AsyncSequence(name, table=django_sequences.TABLE),
        AsyncSequence(f"{name}-loops", 0, 2, table=django_sequences.TABLE),
    )
    async with database.connect() as client, client.transaction():
        assert await seq.next_value(client.conn) == 42
        assert await seq.next_values(client.conn, 3, nowait=True) == range(43, 46)
        assert [await loops.next_value(client.conn) for _ in range(3)] == [0, 1, 0]
        assert await seq.advance_to(client.conn, 50) == 50
        assert await seq.delete(client.conn)

    assert database.last(name, django_sequences.TABLE) is None


async def test_a_cycle_ends_before_64_bits_do(database: Database, name: str) -> None:
    seq = AsyncSequence(name, MAX - 2, MAX)
    async with database.connect() as client, client.transaction():
        values = [await seq.next_value(client.conn) for _ in range(3)]

    assert values == [MAX - 2, MAX - 1, MAX - 2]
    with pytest.raises(InvalidSequence):
        AsyncSequence(name, MAX - 2, MAX + 1)


@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("waiting", [{}, {"nowait": True}, {"timeout": 20}], ids=str)
async def test_first_values_that_do_not_fit_and_a_row_that_is_there(
    database: Database, name: str, fair: bool, waiting: dict[str, Any]
) -> None:
    """Where a new row would start doesn't matter to one that is there."""
    up, down = (AsyncSequence(name, end, step=step, fair=fair) for end, step in ENDS_OF_ALL)
    async with database.connect() as client:
        async with client.transaction():
            await AsyncSequence(name, fair=fair).advance_to(client.conn, 5)
        async with client.transaction():
            assert await up.next_values(client.conn, 2, **waiting) == range(6, 8)
            assert await down.next_values(client.conn, 3, **waiting) == range(6, 3, -1)
            await client.save(name, 1)
        async with client.transaction():
            other = AsyncSequence(f"{name}-other", MAX, fair=fair)
            with pytest.raises(SequenceExhausted) as caught:
                await other.next_values(client.conn, 2, **waiting)
            await client.save(name, 2)

    assert caught.value.last is None
    assert database.last(name) == 4
    assert database.saved(name) == [1, 2]


async def test_a_row_that_is_made_while_a_batch_that_does_not_fit_waits(
    postgres: str, name: str
) -> None:
    database = Database(CASES[0], postgres)
    database.create_tables()
    seq, late = AsyncSequence(name), AsyncSequence(name, MAX)
    drawn: list[Sequence[int]] = []

    async def wait(client: Client) -> None:
        drawn.append(await late.next_values(client.conn, 2))

    with observing(postgres) as observer:
        async with database.connect() as holder, database.connect() as waiter:
            pid = await backend_pid(waiter)
            async with waiter.transaction(), anyio.create_task_group() as tasks:  # noqa: SIM117
                async with holder.transaction():
                    assert await seq.next_value(holder.conn) == 1
                    tasks.start_soon(wait, waiter)
                    await observer.until_waiting(pid)

    assert drawn == [range(2, 4)]
