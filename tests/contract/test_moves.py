"""`advance_to` and `delete`: what moves a sequence without drawing from it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from aseq import AsyncSequence, InvalidSequence
from tests.blocks import undone
from tests.database import Database


async def test_advances_forward_only(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        await seq.next_values(client.conn, 3)
        assert await seq.advance_to(client.conn, 10) == 10
        assert await seq.advance_to(client.conn, 10) == 10
        assert await seq.advance_to(client.conn, 4) == 10
        assert await seq.advance_to(client.conn, -4) == 10
        assert await seq.next_value(client.conn) == 11


async def test_forward_is_down_if_the_step_is(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 100, step=-10)
    async with database.connect() as client, client.transaction():
        await seq.next_value(client.conn)
        assert await seq.advance_to(client.conn, 40) == 40
        assert await seq.advance_to(client.conn, 90) == 40
        assert await seq.next_value(client.conn) == 30


async def test_advancing_creates_the_sequence(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        assert await seq.advance_to(client.conn, 41) == 41
        assert await seq.next_value(client.conn) == 42


@pytest.mark.parametrize(("initial", "step"), [(1, 1), (1000, 10), (0, -1), (7, -7)])
async def test_creates_without_consuming(
    database: Database, name: str, initial: int, step: int
) -> None:
    seq = AsyncSequence(name, initial, step=step)
    async with database.connect() as client, client.transaction():
        for value in (initial - step, initial - 5 * step):
            assert await seq.advance_to(client.conn, value) == initial - step
            assert await seq.last_value(client.conn) == initial - step
            assert await seq.next_value(client.conn) == initial
            assert await seq.delete(client.conn)


async def test_advances_to_the_ends_of_64_bits(database: Database, name: str) -> None:
    up, down = AsyncSequence(f"{name}-up"), AsyncSequence(f"{name}-down", step=-1)
    async with database.connect() as client, client.transaction():
        assert await up.advance_to(client.conn, 2**63 - 1) == 2**63 - 1
        assert await up.advance_to(client.conn, -(2**63)) == 2**63 - 1
        assert await down.advance_to(client.conn, -(2**63)) == -(2**63)
        assert await down.advance_to(client.conn, 2**63 - 1) == -(2**63)


async def test_an_advance_is_undone_with_its_transaction(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await seq.next_value(client.conn)
        async with undone(client.transaction()):
            await seq.advance_to(client.conn, 50)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**63, f"value must fit in 64 bits: {2**63} doesn't"),
        (-(2**63) - 1, f"value must fit in 64 bits: {-(2**63) - 1} doesn't"),
        ("5", "value must be an integer, not '5'"),
        (True, "value must be an integer, not True"),
        (None, "value must be an integer, not None"),
    ],
)
async def test_a_value_that_cannot_be(value: int, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        await AsyncSequence().advance_to(cast("Any", object()), value)

    assert str(caught.value) == text
    assert caught.value.argument == "value"


async def test_nothing_is_before_the_first_of_all(database: Database, name: str) -> None:
    seq = AsyncSequence(name, 2**63 - 1, step=-1)
    async with database.connect() as client, client.transaction():
        assert await seq.advance_to(client.conn, 2**63 - 1) == 2**63 - 1
        await seq.delete(client.conn)
        upwards = AsyncSequence(name, -(2**63) + 1, step=2)
        with pytest.raises(InvalidSequence) as caught:
            await upwards.advance_to(client.conn, -(2**63))
        assert str(caught.value) == (
            "value is before initial_value, and nothing fits before that"
        )
        assert await seq.last_value(client.conn) is None


async def test_delete_says_whether_there_was_one(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        assert await seq.delete(client.conn) is False
        await seq.next_values(client.conn, 5)
        assert await seq.delete(client.conn) is True
        assert await seq.delete(client.conn) is False
        assert await seq.last_value(client.conn) is None
        assert await seq.next_value(client.conn) == 1

    assert database.last(name) == 1


async def test_a_deletion_is_undone_with_its_transaction(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await seq.next_values(client.conn, 5)
        async with undone(client.transaction()):
            assert await seq.delete(client.conn)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 6
