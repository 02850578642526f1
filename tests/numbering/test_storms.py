"""Many who draw at once: no hole, no deadlock, and dates that rise with the numbers."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence, allocate
from aseq.numbering import DocumentNumber, Numbering
from aseq.testing import assert_gapless
from tests import clients
from tests.clients import sqlite_file
from tests.codes import code
from tests.database import Database
from tests.numbering.midnight import SECOND, ZONES, issued, new_year, now, save_sql
from tests.numbering.storming import assert_rising, prepared, storm

KINDS: list[type[clients.Client]] = [
    clients.Asyncpg,
    clients.Psycopg,
    clients.SessionAsyncpg,
    clients.SessionPsycopg,
]


# This year, and two that are over.
MOMENTS = (None, *(dt.datetime(year, 6, 1, tzinfo=dt.UTC) for year in (2020, 2021)))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def database(request: pytest.FixtureRequest, postgres: str) -> Database:
    return prepared(request.param, postgres)


Drawn = Mapping[AsyncSequence, Sequence[int]]


def verbs_of(
    numbers: Numbering, conn: Any, at: dt.datetime | None
) -> list[Callable[[], Awaitable[Drawn]]]:
    """All that draws from a numbering's counter of one period, moves it, or looks at it."""
    behind, other = numbers.sequence(at=at), numbers.sequence(at=MOMENTS[-1])

    async def one() -> Drawn:
        drawn = await numbers.next(conn, at=at)
        return {drawn.sequence: [drawn.number]}

    async def many() -> Drawn:
        drawn = await numbers.next_many(conn, 2, at=at)
        return {drawn[0].sequence: [each.number for each in drawn]}

    async def plain() -> Drawn:
        return {behind: [await behind.next_value(conn)]}

    async def batch() -> Drawn:
        return {behind: await behind.next_values(conn, 2)}

    async def several() -> Drawn:
        drawn = await allocate(conn, {numbers: 1, other: 2})
        [one] = drawn[numbers]
        return {other: drawn[other], one.sequence: [one.number]}

    async def move() -> Drawn:
        await behind.advance_to(conn, 0)
        return {}

    async def look() -> Drawn:
        await numbers.preview(conn, at=at)
        return {}

    return [one, many, plain, batch, several, move, look]


async def test_next_and_sequence_mixed_never_deadlock(database: Database, name: str) -> None:
    """In any order, for any period, by whatever verb; and no number is lost."""
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")

    async def work(client: clients.Client, number: int) -> None:
        choose = random.Random(number)
        verbs = [verb for at in MOMENTS for verb in verbs_of(numbers, client.conn, at)]
        for verb in choose.sample(verbs, k=4):
            for sequence, drawn in (await verb()).items():
                for one in drawn:
                    await client.save(sequence.name, one)

    errors = await storm(database, 6, 10, work)

    assert [code(error) for error in errors] == []
    counters = [numbers.sequence(at=at).name for at in MOMENTS]
    for counter in counters:
        saved, last = database.chain(counter)
        assert saved == list(range(1, (last or 0) + 1))
    assert len(database.saved(counters[-1])) > 0


@pytest.mark.parametrize(
    ("kind", "zone"),
    [*((kind, "east") for kind in KINDS), *((clients.Asyncpg, zone) for zone in ZONES)][1:],
)
async def test_over_a_new_year(
    kind: type[clients.Client], zone: str, postgres: str, name: str
) -> None:
    """Both years are gapless, no date goes back, and each is within its year."""
    database = prepared(kind, postgres)
    midnight = now() + 2 * SECOND
    numbers = new_year(name, midnight, zone)
    drawn: list[DocumentNumber] = []

    async def work(client: clients.Client, number: int) -> None:
        one = await numbers.next(client.conn)
        await client.execute(save_sql(one.sequence.name, one))
        drawn.append(one)

    while now() < midnight + SECOND / 2:
        assert await storm(database, 8, 5, work) == []

    old, new = numbers.span(midnight - SECOND).period, numbers.span(midnight).period
    assert {number.period for number in drawn} == {old, new}
    for period in (old, new):
        rows = issued(database, f"{name}/{period}")
        assert_gapless([number for number, _ in rows])
        moments = [dt.datetime.fromisoformat(at) for _, at in rows]
        assert moments == sorted(moments)
        assert all((at < midnight) == (period == old) for at in moments)


TASKS = 300


async def test_numbers_and_dates_rise_together(postgres: str, name: str) -> None:
    """300 transactions at once, each of which begins long before it draws."""
    database = prepared(clients.Asyncpg, postgres)
    numbers = Numbering(name, "{year}{month}{day}{number:06}", period="day", tz="Europe/Paris")
    open_ones = anyio.CapacityLimiter(40)

    async def one(pool: asyncpg.Pool, number: int) -> None:
        choose = random.Random(number)
        async with open_ones, pool.acquire() as conn, conn.transaction():
            began = await conn.fetchval("SELECT now()")
            for _ in range(choose.randrange(4)):
                await conn.execute("SELECT 1")
            drawn = await numbers.next(conn)
            assert drawn.at > began
            await conn.execute(save_sql(drawn.sequence.name, drawn))

    async with (
        asyncpg.create_pool(postgres, min_size=1, max_size=40) as pool,
        anyio.create_task_group() as group,
    ):
        for number in range(TASKS):
            group.start_soon(one, pool, number)

    assert_rising(database, name, TASKS)


@pytest.mark.parametrize("kind", [clients.SessionAiosqlite, clients.Aiosqlite, clients.Sqlite3])
async def test_numbers_and_dates_rise_together_on_sqlite(
    kind: type[clients.Client], tmp_path: Path, name: str
) -> None:
    """They wait for the one writer, when they begin."""
    database = prepared(kind, sqlite_file(tmp_path))
    numbers = Numbering(name, "{year}{month}{day}{number:06}", period="day", tz="Europe/Paris")

    async def work(client: clients.Client, number: int) -> None:
        drawn = await numbers.next(client.conn)
        await client.execute(save_sql(drawn.sequence.name, drawn))

    assert await storm(database, 8, 6, work) == []
    assert_rising(database, name, 8 * 6)


@pytest.mark.parametrize("level", ["repeatable_read", "serializable"])
async def test_stricter_isolation_levels_say_so(postgres: str, name: str, level: str) -> None:
    """As with a plain draw: the snapshot is older than what was committed since."""
    prepared(clients.Asyncpg, postgres)
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    one, other = [await asyncpg.connect(postgres) for _ in range(2)]
    transaction = other.transaction(isolation=level)
    await transaction.start()
    await other.fetchval("SELECT count(*) FROM aseq_sequence")
    async with one.transaction():
        await numbers.next(one)
    with pytest.raises(asyncpg.SerializationError):
        await numbers.next(other)
    await transaction.rollback()
    async with other.transaction(isolation=level):
        assert (await numbers.next(other)).number == 2
    for conn in (one, other):
        await conn.close()
