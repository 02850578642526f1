"""Promise 1 on one connection: which values there are, on every kind of connection."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, cast

import pytest

from aseq import AsyncSequence, InvalidSequence
from tests.database import Database

# initial_value, step, the first four values
COUNTS = (
    (1, 1, [1, 2, 3, 4]),
    (1000, 1, [1000, 1001, 1002, 1003]),
    (0, 5, [0, 5, 10, 15]),
    (2, -3, [2, -1, -4, -7]),
    (-5, 2, [-5, -3, -1, 1]),
    (2**63 - 4, 1, [2**63 - 4, 2**63 - 3, 2**63 - 2, 2**63 - 1]),
    (-(2**63) + 3, -1, [-(2**63) + 3, -(2**63) + 2, -(2**63) + 1, -(2**63)]),
    (-(2**63), 2**61, [-(2**63), -3 * 2**61, -(2**62), -(2**61)]),
)

NAMES = (
    "it's",
    '"quoted"',
    "100 %",
    "%s %(name)s %%",
    "{name} {0} {{}}",
    "$1 :name ?",
    "back\\slash",
    "line\nbreak\ttab",
    "Rechnungen-Größe",
    "請求書 🧾",
    " ",
)


async def test_counts_from_the_initial_value(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        values = []
        for _ in range(3):
            async with client.transaction():
                values.append(await seq.next_value(client.conn))

    assert values == [1, 2, 3]
    assert database.last(name) == 3


async def test_counts_in_steps(database: Database, name: str) -> None:
    async with database.connect() as client, client.transaction():
        for number, (initial, step, expected) in enumerate(COUNTS):
            seq = AsyncSequence(f"{name}-{number}", initial, step=step)
            values = [await seq.next_value(client.conn) for _ in expected]

            assert values == expected
            assert await seq.last_value(client.conn) == expected[-1]


async def test_a_batch_is_a_range(database: Database, name: str) -> None:
    async with database.connect() as client, client.transaction():
        for number, (initial, step, expected) in enumerate(COUNTS):
            seq = AsyncSequence(f"{name}-{number}", initial, step=step)
            batch = await seq.next_values(client.conn, 3)

            assert isinstance(batch, range)
            assert list(batch) == expected[:3]
            assert await seq.next_values(client.conn, 1) == range(
                expected[3], expected[3] + step, step
            )


async def test_a_batch_of_none_touches_nothing(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        assert await seq.next_values(client.conn, 0) == range(0)  # not even a transaction
        async with client.transaction():
            assert await seq.next_values(client.conn, 0) == range(0)
            assert await seq.last_value(client.conn) is None

    assert database.last(name) is None


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (-1, "count must be an integer of at least 0, not -1"),
        (True, "count must be an integer of at least 0, not True"),
        (1.0, "count must be an integer of at least 0, not 1.0"),
        (2**63, f"count is too large: {2**63} steps don't fit in 64 bits"),
    ],
)
async def test_a_batch_that_cannot_be(count: int, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        await AsyncSequence().next_values(cast("Any", object()), count)

    assert str(caught.value) == text
    assert caught.value.argument == "count"


async def test_iterates_for_as_long_as_wanted(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 10, step=10)
    async with database.connect() as client, client.transaction():
        values = []
        async for value in seq.iterate(client.conn):
            values.append(value)
            if len(values) == 3:
                break

        assert await seq.next_value(client.conn) == 40
    assert values == [10, 20, 30]


async def test_an_iteration_can_be_closed(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        async with aclosing(seq.iterate(client.conn)) as values:
            assert await anext(values) == 1
        with pytest.raises(StopAsyncIteration):
            await anext(values)
        await values.aclose()
        with pytest.raises(LookupError):
            await seq.iterate(client.conn).athrow(LookupError("thrown in"))

        assert await seq.next_value(client.conn) == 2


async def test_last_value_is_what_was_drawn_last(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        assert await seq.last_value(client.conn) is None
        await seq.next_value(client.conn)
        assert await seq.last_value(client.conn) == 1
        await seq.next_values(client.conn, 4)
        assert await seq.last_value(client.conn) == 5


async def test_any_text_is_a_name(database: Database, name: str) -> None:
    names = [name + text for text in NAMES] + [name.ljust(100, "x"), name.ljust(100, "字")]
    async with database.connect() as client, client.transaction():
        for text in names:
            seq = AsyncSequence(text)
            assert await seq.next_value(client.conn) == 1
            assert await seq.next_values(client.conn, 2, nowait=True) == range(2, 4)
            assert await seq.advance_to(client.conn, 7) == 7
            assert await seq.last_value(client.conn) == 7

    prefix = f"WHERE substr(name, 1, {len(name)}) = '{name}'"
    rows = database.run(f"SELECT name, last FROM aseq_sequence {prefix}")
    assert sorted(rows) == sorted((text, 7) for text in names)


async def test_sequences_do_not_touch_each_other(database: Database, name: str) -> None:
    one, other = AsyncSequence(name), AsyncSequence(name.upper())
    async with database.connect() as client, client.transaction():
        await one.next_values(client.conn, 5)
        assert await other.next_value(client.conn) == 1
        assert await one.next_value(client.conn) == 6
        await other.delete(client.conn)
        assert await one.last_value(client.conn) == 6
