"""Sequences that start again: the arithmetic of each database against a naive loop."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aseq import AsyncSequence, InvalidSequence
from tests.clients import Client
from tests.database import Database

# initial_value, step, reset_value; databases differ in how they divide negatives
CYCLES = (
    (1, 1, 3),
    (1, 1, 2),
    (0, 3, 10),
    (-7, 3, 2),
    (5, -2, -4),
    (-1, -3, -9),
    (2**63 - 5, 2, 2**63 - 1),
    (-(2**63) + 6, -2, -(2**63)),
)


def naive(values: range, last: int | None, count: int) -> list[int]:
    """One value after the other; off the cycle is its end."""
    drawn: list[int] = []
    for _ in range(count):
        at_end = last is None or last not in values or last == values[-1]
        last = values[0] if at_end or last is None else last + values.step
        drawn.append(last)
    return drawn


async def test_starts_again_before_the_reset_value(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 1, 3)
    async with database.connect() as client:
        values = []
        for _ in range(5):
            async with client.transaction():
                values.append(await seq.next_value(client.conn))

    assert values == [1, 2, 1, 2, 1]


@pytest.mark.parametrize(("initial", "step", "reset"), CYCLES)
async def test_draws_what_a_naive_loop_draws(
    database: Database, name: str, initial: int, step: int, reset: int
) -> None:
    seq = AsyncSequence(name, initial, reset, step=step)
    values = range(initial, reset, step)
    around = [last for last in range(min(values) - 2, max(values) + 3) if abs(last) < 2**63]
    async with database.connect() as client, client.transaction():
        for count in range(1, len(values) + 1):
            for last in (None, *around):
                await set_last(client, name, last)
                drawn = await seq.next_values(client.conn, count)

                assert list(drawn) == naive(values, last, count), (last, count)
                assert await seq.last_value(client.conn) == drawn[-1]


async def test_a_batch_that_wraps_is_a_tuple(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 1, 5)
    async with database.connect() as client, client.transaction():
        batches: list[Sequence[int]] = [
            await seq.next_values(client.conn, count) for count in (3, 3, 4, 2)
        ]

    assert batches == [range(1, 4), (4, 1, 2), (3, 4, 1, 2), range(3, 5)]


async def test_nowait_loops_as_well(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 1, 4)
    async with database.connect() as client, client.transaction():
        values = [await seq.next_value(client.conn, nowait=True) for _ in range(4)]
        batch = await seq.next_values(client.conn, 3, nowait=True)

    assert values == [1, 2, 3, 1]
    assert batch == (2, 3, 1)


async def test_a_batch_is_at_most_one_cycle(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 1, 3)
    async with database.connect() as client, client.transaction():
        with pytest.raises(InvalidSequence) as caught:
            await seq.next_values(client.conn, 3)
        assert await seq.last_value(client.conn) is None

    assert str(caught.value) == "count must be at most 2, the length of the cycle, not 3"


async def test_advances_within_the_cycle(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 1, 8, step=3)
    async with database.connect() as client, client.transaction():
        assert await seq.advance_to(client.conn, 4) == 4
        assert await seq.next_value(client.conn) == 7
        assert await seq.advance_to(client.conn, 1) == 7
        assert await seq.next_value(client.conn) == 1
        for value in (0, 2, 8, 10):
            with pytest.raises(InvalidSequence) as caught:
                await seq.advance_to(client.conn, value)
            assert str(caught.value) == (
                "value must be one that the sequence loops over: 1 to 7 in steps of 3, "
                f"not {value}"
            )
        assert await seq.last_value(client.conn) == 1


async def test_advanced_to_its_end_it_starts_again(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 5, -1, step=-2)  # 5, 3, 1
    async with database.connect() as client, client.transaction():
        assert await seq.advance_to(client.conn, 1) == 1
        assert await seq.next_values(client.conn, 2) == range(5, 1, -2)
        assert await seq.advance_to(client.conn, 5) == 3


async def set_last(client: Client, name: str, last: int | None) -> None:
    await client.execute(f"DELETE FROM aseq_sequence WHERE name = '{name}'")
    if last is not None:
        await client.execute(
            f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', {last})"
        )
