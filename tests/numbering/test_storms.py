"""Many who draw at once: no hole, no deadlock, and dates that rise with the numbers."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Awaitable, Callable, Sequence

import anyio
import asyncpg
import pytest

from aseq.numbering import DocumentNumber, Numbering
from aseq.testing import assert_gapless
from tests import clients
from tests.cases import Case
from tests.codes import code
from tests.database import Database
from tests.numbering.midnight import SAVED, SECOND, ZONES, issued, new_year, now, save_sql

KINDS: list[type[clients.Client]] = [
    clients.Asyncpg,
    clients.Psycopg,
    clients.SessionAsyncpg,
    clients.SessionPsycopg,
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def database(request: pytest.FixtureRequest, postgres: str) -> Database:
    return prepared(request.param, postgres)


def prepared(kind: type[clients.Client], url: str) -> Database:
    database = Database(Case(kind, "postgresql"), url)
    database.create_tables()
    database.run(SAVED)
    return database


Work = Callable[[clients.Client, int], Awaitable[object]]


async def storm(
    database: Database, connections: int, rounds: int, work: Work
) -> list[Exception]:
    """Transactions on many connections; the errors that ended some of them."""
    errors: list[Exception] = []

    async def one(number: int) -> None:
        async with database.connect() as client:
            for turn in range(rounds):
                try:
                    async with client.transaction():
                        await work(client, number * rounds + turn)
                except Exception as exc:
                    errors.append(exc)

    async with anyio.create_task_group() as group:
        for number in range(connections):
            group.start_soon(one, number)
    return errors


async def test_next_and_sequence_mixed_never_deadlock(database: Database, name: str) -> None:
    """In any order, for any period, by whatever verb."""
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    years = [dt.datetime(year, 6, 1, tzinfo=dt.UTC) for year in (2020, 2021)]

    async def work(client: clients.Client, number: int) -> None:
        choose = random.Random(number)
        conn = client.conn
        verbs: list[Callable[[], Awaitable[object]]] = [
            lambda: numbers.next(conn),
            lambda: numbers.next(conn, at=years[0]),
            lambda: numbers.next_many(conn, 2, at=years[1]),
            lambda: numbers.sequence().next_value(conn),
            lambda: numbers.sequence(at=years[0]).next_values(conn, 2),
            lambda: numbers.sequence(at=years[1]).advance_to(conn, 1),
            lambda: numbers.preview(conn),
        ]
        for verb in choose.sample(verbs, k=4):
            await verb()

    errors = await storm(database, 6, 15, work)

    assert [code(error) for error in errors] == []


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
            await conn.execute(save_sql(name, drawn))

    async with (
        asyncpg.create_pool(postgres, min_size=1, max_size=40) as pool,
        anyio.create_task_group() as group,
    ):
        for number in range(TASKS):
            group.start_soon(one, pool, number)

    rows: Sequence[tuple[int, str]] = issued(database, name)
    moments = [dt.datetime.fromisoformat(at) for _, at in rows]
    assert len(rows) == TASKS
    assert moments == sorted(moments)
    assert len({number for number, _ in rows}) == TASKS


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
