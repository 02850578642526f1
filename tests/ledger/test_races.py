"""Requests with the same key at the same moment get the same number, and burn none."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence
from aseq.ledger import Ledger, create_ledger_sql
from aseq.numbering import DocumentNumber
from aseq.testing import assert_gapless
from tests import clients
from tests.clients import sqlite_file
from tests.database import Database
from tests.ledger.racing import Races
from tests.numbering.midnight import SECOND, new_year, now
from tests.numbering.storming import prepared, storm
from tests.observer import DEADLINE, observing

LEDGER = Ledger()
ROUNDS = 60


@pytest.fixture
def database(postgres: str) -> Database:
    database = prepared(clients.Asyncpg, postgres)
    database.run(create_ledger_sql("postgresql"))
    return database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.url, min_size=4, max_size=4) as pool:
        yield pool


@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read"])
async def test_two_requests_with_one_key(
    database: Database, pool: asyncpg.Pool, name: str, isolation: str, fair: bool
) -> None:
    numbers = AsyncSequence(name, fair=fair)
    races = Races(isolation, lambda conn, key: LEDGER.issue(conn, numbers, key=key))

    await races.run(pool, [f"order {i}" for i in range(ROUNDS)])

    assert not races.errors
    assert all(len(set(pair)) == 1 for pair in races.numbers.values())
    assert database.last(name) == len(races.numbers) == ROUNDS


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read"])
async def test_two_requests_with_one_key_over_a_new_year(
    database: Database, pool: asyncpg.Pool, name: str, isolation: str
) -> None:
    midnight = now() + SECOND
    numbers = new_year(name, midnight, "east")
    races = Races(isolation, lambda conn, key: LEDGER.issue(conn, numbers, key=key))

    turn = 0
    while now() < midnight + SECOND / 2:
        await races.run(pool, [f"order {turn}"], rivals=3)
        turn += 1
    again = Races(isolation, lambda conn, key: LEDGER.issue(conn, numbers, key=key))
    await again.run(pool, list(races.numbers), rivals=1)

    assert not races.errors + again.errors
    assert {number.period for [number, *_] in races.numbers.values()} == {
        numbers.span(moment).period for moment in (midnight - SECOND, midnight)
    }
    for key, drawn in races.numbers.items():
        assert set(drawn + again.numbers[key]) == {drawn[0]}
    assert_nothing_is_burned(database, name)


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read"])
async def test_a_key_that_got_a_number_of_the_old_year_while_it_was_waited_for(
    database: Database, name: str, isolation: str
) -> None:
    """The counters are two, so at REPEATABLE READ only the ledger itself can tell."""
    old, new = (dt.datetime(year, 6, 1, tzinfo=dt.UTC) for year in (2026, 2027))
    numbers = new_year(name, now(), "east")
    async with database.connect() as one, database.connect() as other:
        first = one.conn.transaction()
        await first.start()
        issued = await LEDGER.issue(one.conn, numbers, key="a", at=old)

        async def late() -> DocumentNumber:
            async with other.conn.transaction(isolation=isolation):
                return await LEDGER.issue(other.conn, numbers, key="a", at=new)

        with observing(database.url) as observer:
            task = asyncio.create_task(late())
            await observer.until_waiting(other.conn.get_server_pid())
            await first.commit()
        if isolation == "read_committed":
            assert await task == issued
        else:
            with pytest.raises(asyncpg.SerializationError):
                await task
            assert await late() == issued
    assert_nothing_is_burned(database, name)
    assert database.run(f"SELECT count(*) FROM aseq_ledger WHERE series = '{name}'") == [(1,)]


async def test_a_repeat_takes_no_lock(database: Database, name: str) -> None:
    """Another transaction holds the sequence, and has issued a number."""
    numbers = AsyncSequence(name)
    async with database.connect() as one, database.connect() as other:
        async with one.transaction():
            await LEDGER.issue(one.conn, numbers, key="a")
        async with one.transaction():
            assert await LEDGER.issue(one.conn, numbers, key="b") == 2
            async with other.transaction():
                with anyio.fail_after(DEADLINE):
                    assert await LEDGER.issue(other.conn, numbers, key="a") == 1
                assert await LEDGER.issue(other.conn, numbers, key="a", nowait=True) == 1
                locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = "
                [(held,)] = database.run(f"{locks}{other.conn.get_server_pid()}")
                assert held == 0


async def test_opposite_orders_never_deadlock(
    database: Database, pool: asyncpg.Pool, name: str
) -> None:
    """Two documents in one transaction, in one order and in the other."""
    numbers = AsyncSequence(name)

    async def both(conn: asyncpg.Connection, key: str) -> tuple[int, ...]:
        keys = [f"{key}-x", f"{key}-y"]
        random.shuffle(keys)
        drawn = {one: await LEDGER.issue(conn, numbers, key=one) for one in keys}
        return tuple(drawn[one] for one in sorted(drawn))

    races = Races("read_committed", both)
    await races.run(pool, [f"{i}" for i in range(ROUNDS // 2)], rivals=4)

    assert not races.errors
    assert all(len(set(drawn)) == 1 for drawn in races.numbers.values())
    assert database.last(name) == 2 * len(races.numbers)


@pytest.mark.parametrize(
    "kind", [clients.SessionAiosqlite, clients.AiosqliteLegacy, clients.Sqlite3]
)
async def test_two_requests_with_one_key_on_sqlite(
    kind: type[clients.Client], tmp_path: Path, name: str
) -> None:
    database = prepared(kind, sqlite_file(tmp_path))
    database.run(create_ledger_sql("sqlite"))
    numbers, rivals, rounds = AsyncSequence(name), 3, 12
    issued: list[tuple[str, int]] = []

    async def work(client: clients.Client, number: int) -> None:
        key = f"order {number % rounds}"
        issued.append((key, await LEDGER.issue(client.conn, numbers, key=key)))

    assert await storm(database, rivals, rounds, work) == []
    assert len(issued) == rivals * rounds
    assert len(set(issued)) == rounds == database.last(name)


def assert_nothing_is_burned(database: Database, name: str) -> None:
    """The ledger has all numbers that the counters gave."""
    rows = database.run(
        "SELECT s.name, s.last, array_agg(l.number ORDER BY l.number) FROM aseq_sequence AS s "
        f"JOIN aseq_ledger AS l ON l.sequence = s.name WHERE s.name LIKE '{name}%' GROUP BY 1"
    )
    assert rows
    for _, last, numbers in rows:
        assert_gapless(numbers)
        assert numbers[-1] == last
    counters = database.run(f"SELECT count(*) FROM aseq_sequence WHERE name LIKE '{name}%'")
    assert counters == [(len(rows),)]
