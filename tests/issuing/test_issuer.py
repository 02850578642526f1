"""What an issuer promises its callers, on each kind of engine and pool."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import psycopg
import psycopg_pool
import pytest

from aseq import InvalidSequence, NotIssuable
from aseq.errors import RowRefused
from aseq.issuing import Issuer
from tests.issuing.asked import SHORT, told_why
from tests.issuing.sources import SETTINGS, Open
from tests.issuing.troubled import REFUSED, Drafts

PATIENCE = 20.0
"""Seconds for what is to come at once."""

"""Seconds that a caller waits in vain."""


async def gather(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_a_number_that_is_committed(table: Drafts, every_issuer: Issuer[int]) -> None:
    one, two = table.add(), table.add()

    assert await every_issuer.issue(one) == 1
    assert table.numbers() == {one: 1}
    assert await every_issuer.issue(two) == 2
    table.check_gapless()


async def test_who_asks_again_gets_the_same(table: Drafts, every_issuer: Issuer[int]) -> None:
    key = table.add()

    numbers = await asyncio.gather(*(every_issuer.issue(key) for _ in range(5)))
    numbers.append(await every_issuer.issue(key))

    assert numbers == [1] * 6
    assert table.last() == 1


async def test_a_crowd_is_numbered_by_arrival(table: Drafts, every_issuer: Issuer[int]) -> None:
    keys = table.add_many(300)
    keys.reverse()

    numbers = await asyncio.gather(*(every_issuer.issue(key) for key in keys))

    assert numbers == list(range(1, 301))
    table.check_gapless()


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_row_that_is_refused_harms_nobody(
    table: Drafts, every_issuer: Issuer[int], kind: str
) -> None:
    keys = [*table.add_many(5), table.add(kind), *table.add_many(5)]

    told = await gather(*map(every_issuer.issue, keys))

    error = told.pop(5)
    assert told == list(range(1, 11))
    assert isinstance(error, RowRefused) is (kind in ("drop", "change"))
    assert isinstance(error, Exception)
    assert table.last() == 10
    table.check_gapless()


async def test_every_row_is_refused(table: Drafts, every_issuer: Issuer[int]) -> None:
    keys = [table.add(kind) for kind in REFUSED]

    told = await gather(*map(every_issuer.issue, keys))

    assert all(isinstance(each, Exception) for each in told)
    assert (table.numbers(), table.last()) == ({}, 0)


async def test_rows_that_cant_be_seen(
    table: Drafts, every_issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    deleted = table.add()
    table.run(f"DELETE FROM {table.name} WHERE id = {deleted}")
    async with conn.transaction():
        insert = f"INSERT INTO {table.name} DEFAULT VALUES RETURNING id"
        uncommitted = await conn.fetchval(insert)
        told = await gather(*map(every_issuer.issue, (table.add(), deleted, uncommitted)))

    assert told[0] == 1
    for error, key in zip(told[1:], (deleted, uncommitted), strict=True):
        assert isinstance(error, NotIssuable)
        assert (error.key, error.table) == (key, table.name)
        assert "was deleted, or isn't committed yet" in str(error)
    assert await every_issuer.issue(uncommitted) == 2


async def test_a_row_that_is_locked_waits_alone(
    table: Drafts, every_issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    locked, others = table.add(), table.add_many(3)
    async with conn.transaction():
        # As the INSERT of a child does, by its foreign key.
        await conn.execute(f"SELECT FROM {table.name} WHERE id = {locked} FOR KEY SHARE")
        call = asyncio.create_task(every_issuer.issue(locked))
        numbers = await asyncio.gather(*map(every_issuer.issue, others))
        assert numbers == [1, 2, 3]
        await told_why(every_issuer, locked, "its row is locked by another transaction")
        # Nobody holds the sequence meanwhile, except for a moment now and then.
        assert await table.sequence.next_value(conn, timeout=PATIENCE) == 4
        await conn.execute(f"INSERT INTO {table.name} (number) VALUES (4)")

    assert await call == 5
    table.check_gapless()


async def test_a_caller_that_holds_the_sequence_himself(
    table: Drafts, every_issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    mine, other = table.add(), table.add()
    async with conn.transaction():
        number = await table.sequence.next_value(conn)
        await conn.execute(f"INSERT INTO {table.name} (number) VALUES ({number})")
        call = asyncio.create_task(every_issuer.issue(other))
        error = await told_why(every_issuer, mine, "the sequence is held")

    assert (error.key, error.waited >= SHORT) == (mine, True)
    assert await call in (2, 3)
    assert await every_issuer.issue(mine) in (2, 3)
    table.check_gapless()


async def test_a_caller_that_was_cancelled(table: Drafts, every_issuer: Issuer[int]) -> None:
    gone, there = table.add(), table.add()
    call = asyncio.create_task(every_issuer.issue(gone))
    other = asyncio.create_task(every_issuer.issue(there))
    await asyncio.sleep(0)
    call.cancel()

    assert await other in (1, 2)
    assert (await gather(call))[0].__class__ is asyncio.CancelledError
    assert await every_issuer.issue(gone) in (1, 2)
    table.check_gapless()


@pytest.mark.parametrize("open_source", SETTINGS.values(), ids=SETTINGS)
async def test_however_the_connections_are_set_up(table: Drafts, open_source: Open) -> None:
    async with open_source(table.url) as source:
        issuers = [Issuer(source, table.sequence, table.column, key="id") for _ in range(2)]
        async with issuers[0], issuers[1]:
            keys = [*table.add_many(40), table.add("deferred"), *table.add_many(40)]
            told = await gather(
                *(issuers[number % 2].issue(key) for number, key in enumerate(keys))
            )

    assert sorted(each for each in told if isinstance(each, int)) == list(range(1, 81))
    table.check_gapless()


async def test_a_key_that_is_none_harms_nobody(table: Drafts, issuer: Issuer[int]) -> None:
    keys: list[object] = [*table.add_many(3), "seven", 2**80, *table.add_many(3)]

    told = await gather(*map(issuer.issue, keys))

    assert [each for each in told if isinstance(each, int)] == [1, 2, 3, 4, 5, 6]
    assert all(isinstance(each, asyncpg.DataError) for each in told[3:5])


async def test_two_ways_to_write_a_key(table: Drafts, issuer: Issuer[int]) -> None:
    key = table.add()

    assert await gather(issuer.issue(key), issuer.issue(str(key))) == [1, 1]
    assert table.last() == 1


async def test_a_pools_connections_come_back_as_they_were(table: Drafts) -> None:
    level = psycopg.IsolationLevel.SERIALIZABLE

    async def configure(conn: psycopg.AsyncConnection) -> None:
        await conn.set_isolation_level(level)

    async with psycopg_pool.AsyncConnectionPool(
        table.url, min_size=1, max_size=1, configure=configure
    ) as pool:
        async with Issuer(pool, table.sequence, table.column, key="id") as issuer:
            for key in table.add_many(3):  # on one connection, while there is work
                await issuer.issue(key)
        async with pool.connection() as conn:
            assert conn.isolation_level == level


async def test_a_key_that_rows_have_in_common(table: Drafts, issuer: Issuer[int]) -> None:
    """The issuer can't tell them apart: neither is numbered, and nobody else is harmed."""
    for unique in "pkey", "number_key":
        table.run(f"ALTER TABLE {table.name} DROP CONSTRAINT {table.name}_{unique}")
    good, twice = table.add_many(2)
    table.run(f"INSERT INTO {table.name} (id) VALUES (%s)", twice)

    told = await gather(issuer.issue(twice), issuer.issue(good))

    assert told[1] == 1
    assert isinstance(told[0], RowRefused)
    assert "2 rows with this key were changed" in str(told[0])
    assert table.numbers() == {good: 1}
    table.check_gapless()


async def test_what_concerns_all_is_told_to_all_at_once(table: Drafts, postgres: str) -> None:
    """A group isn't halved to find out whose fault it is that nobody can be numbered."""
    begun = 0

    async def count(_conn: object) -> None:
        nonlocal begun
        begun += 1

    keys = table.add_many(64)
    read_only = {"default_transaction_read_only": "on"}
    elsewhere = {"search_path": "nowhere"}
    for settings, error in (
        (read_only, asyncpg.ReadOnlySQLTransactionError),
        (elsewhere, InvalidSequence),
    ):
        begun = 0
        async with (
            asyncpg.create_pool(
                table.url, min_size=1, max_size=1, server_settings=settings
            ) as pool,
            Issuer(pool, table.sequence, table.column, key="id", on_begin=count) as issuer,
        ):
            told = await gather(*map(issuer.issue, keys))
        assert {type(each) for each in told} == {error}
        assert begun == 1
