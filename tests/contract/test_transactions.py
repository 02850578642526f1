"""Promise 1: a number belongs to the transaction, and the savepoint, that drew it."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence
from tests.blocks import undone
from tests.cases import Case
from tests.database import Database


async def test_a_rollback_gives_the_number_to_the_next(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with undone(client.transaction()):
            assert await seq.next_value(client.conn) == 1
        assert database.last(name) is None
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1
        async with undone(client.transaction()):
            assert await seq.next_values(client.conn, 3) == range(2, 5)
        async with client.transaction():
            assert await seq.next_value(client.conn) == 2

    assert database.last(name) == 2


@pytest.fixture
def with_savepoints(case: Case) -> None:
    """Leave out the one kind of connection where a number in a savepoint is refused."""
    if not case.client.draws_in_savepoints:
        pytest.skip("the savepoint could be all there is, so numbers in it are refused")


@pytest.mark.usefixtures("with_savepoints")
async def test_a_savepoint_gives_its_numbers_back(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        assert await seq.next_value(client.conn) == 1
        async with undone(client.savepoint()):
            assert await seq.next_value(client.conn) == 2
            assert await seq.next_values(client.conn, 5) == range(3, 8)
        assert await seq.last_value(client.conn) == 1
        assert await seq.next_value(client.conn) == 2
        async with client.savepoint():
            assert await seq.next_value(client.conn) == 3

    assert database.last(name) == 3


@pytest.mark.usefixtures("with_savepoints")
async def test_numbers_of_savepoints_go_with_the_transaction(
    database: Database, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with undone(client.transaction()):
            await client.save(name, 0)  # begins, where a savepoint doesn't
            async with client.savepoint():
                assert await seq.next_value(client.conn) == 1
        async with client.transaction():
            assert await seq.next_value(client.conn) == 1


async def test_two_connections_alternate(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    values = []
    async with database.connect() as one, database.connect() as other:
        for client in (one, other, one, one, other):
            async with client.transaction():
                values.append(await seq.next_value(client.conn))
            async with undone(client.transaction()):
                await seq.next_value(client.conn)

    assert values == [1, 2, 3, 4, 5]


async def test_others_see_a_number_only_once_committed(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await seq.next_value(client.conn)
            assert await seq.last_value(client.conn) == 1
            assert database.last(name) is None
        assert database.last(name) == 1
