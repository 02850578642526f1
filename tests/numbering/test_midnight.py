"""Who waits for a number over New Year's Eve gets one of the new year."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest

from aseq import SequenceLocked
from aseq.numbering import DocumentNumber, Numbering
from tests import clients
from tests.blocks import backend_pid
from tests.cases import Case
from tests.database import Database
from tests.numbering.midnight import DAY, SECOND, ZONES, clock_off, new_year, now, until
from tests.observer import Observer, observing

# Seconds until midnight: more, if the machine was too busy to get there before.
DELAYS = (0.7, 5, 60)


@pytest.fixture
def observer(database: Database) -> Iterator[Observer | None]:
    """Sees who waits, where there is a server to ask."""
    if database.case.dialect == "sqlite":
        yield None
        return
    with observing(database.url) as observer:
        yield observer


async def draw(holder: clients.Client, numbers: Numbering, row: str) -> bool:
    """In the queue and on the row, as whoever draws."""
    return (await numbers.next(holder.conn)).sequence.name == row


async def hold_the_queue(holder: clients.Client, numbers: Numbering, row: str) -> bool:
    """As whoever draws for another period. There is no row yet of this one."""
    await numbers.next(holder.conn, at=now() - 9_000 * DAY)
    return True


async def hold_the_row(holder: clients.Client, numbers: Numbering, row: str) -> bool:
    """As SQL written by hand, which doesn't queue."""
    await holder.execute(f"UPDATE aseq_sequence SET last = last + 1 WHERE name = '{row}'")
    return True


HOLDS = {"draw": draw, "queue": hold_the_queue, "row": hold_the_row}


class Eve:
    """Somebody who waits for a number while the year ends."""

    def __init__(self, numbers: Numbering) -> None:
        self.numbers = numbers
        self.began = now()
        self.issued: DocumentNumber | None = None

    async def wait(self, client: clients.Client) -> None:
        self.began = now()
        async with client.transaction():  # with BEGIN IMMEDIATE, this waits already
            self.issued = await self.numbers.next(client.conn)
            await client.save(self.numbers.name, self.issued.number)


async def over_midnight(
    database: Database, name: str, zone: str, observer: Observer | None, *, by: str
) -> None:
    for number, delay in enumerate(DELAYS):
        if await _over_midnight(database, f"{name}-{number}", zone, observer, delay, by):
            return
    raise AssertionError("the machine is too slow")


async def _over_midnight(
    database: Database,
    name: str,
    zone: str,
    observer: Observer | None,
    delay: float,
    by: str,
) -> bool:
    """Whether it could be tried: the wait began in the old year."""
    midnight = now() + delay * SECOND
    numbers = new_year(name, midnight, zone)
    old, new = numbers.span(midnight - SECOND).period, numbers.span(midnight).period
    row = f"{name}/{old}"
    if by != "queue":
        database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{row}', 41)")
    async with database.connect() as holder, database.connect() as waiter:
        pid = await backend_pid(waiter) if observer else 0
        eve = Eve(numbers)
        async with anyio.create_task_group() as group, holder.transaction():
            if not await HOLDS[by](holder, numbers, row):
                return False
            group.start_soon(eve.wait, waiter)
            if observer:
                # On a busy machine it may begin after midnight, and wait for nobody.
                await observer.until_waiting(pid, over=lambda: eve.issued is not None)
            await until(midnight)
    if eve.began >= midnight:
        return False
    issued = eve.issued
    assert issued is not None
    assert (issued.number, issued.period, issued.text) == (1, new, f"{new[2:]}-001")  # type: ignore[index]
    assert issued.at >= midnight - SECOND / 1000 * (observer is None)
    assert issued.date == midnight.astimezone(numbers.tz).date()  # type: ignore[arg-type]
    assert database.last(row) == (None if by == "queue" else 42)
    assert database.last(f"{name}/{new}") == 1
    return True


@pytest.mark.parametrize("by", HOLDS)
async def test_over_midnight(
    database: Database, name: str, observer: Observer | None, by: str
) -> None:
    if by == "queue" and database.case.dialect in ("mariadb", "mysql"):
        pytest.skip("there is no queue in front of the row")
    await over_midnight(database, name, "east", observer, by=by)


@pytest.fixture
def asyncpg_database(postgres: str) -> Database:
    database = Database(Case(clients.Asyncpg, "postgresql"), postgres)
    database.create_tables()
    return database


@pytest.mark.parametrize("by", HOLDS)
@pytest.mark.parametrize("zone", ZONES)
async def test_over_midnight_in_three_zones(
    asyncpg_database: Database, name: str, zone: str, by: str
) -> None:
    with observing(asyncpg_database.url) as observer:
        await over_midnight(asyncpg_database, name, zone, observer, by=by)


PLANS = (
    "SET plan_cache_mode = force_generic_plan",
    "SET plan_cache_mode = force_custom_plan",
    "SET jit = on; SET jit_above_cost = 0",
)


class Planned(clients.Asyncpg):
    """A connection on which statements are planned in a certain way."""

    setting = ""

    async def open(self) -> None:
        await super().open()
        await self.execute(self.setting)


@pytest.mark.parametrize("setting", PLANS)
async def test_over_midnight_whatever_the_plan(
    asyncpg_database: Database, name: str, setting: str
) -> None:
    kind = type("Planned", (Planned,), {"setting": setting})
    database = Database(Case(kind, "postgresql"), asyncpg_database.url)
    with observing(database.url) as observer:
        await over_midnight(database, name, "east", observer, by="row")
        await over_midnight(database, f"{name}-2", "east", observer, by="draw")


@pytest.mark.parametrize("nowait", [True, False])
async def test_a_guess_of_the_wrong_year_is_put_right(
    database: Database, name: str, nowait: bool
) -> None:
    """As on a machine whose clock is wrong; the second time, it is known."""
    numbers = Numbering(name, "{year}{month}{day}-{number}", period="day", tz="UTC")
    with clock_off(-90000 * SECOND) as clock:
        async with database.connect() as client, client.transaction():
            issued = await numbers.next(client.conn, nowait=nowait)
        learnt = clock.now()

    assert abs(now() - issued.at) < 60 * SECOND
    assert issued.number == 1
    assert abs(learnt - now()) < 60 * SECOND


@pytest.mark.only(dialect="postgresql")
async def test_nowait_goes_on_into_the_next_period_or_says_who_holds_it(
    database: Database, name: str
) -> None:
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    async with database.connect() as holder, database.connect() as other:
        async with holder.transaction():
            await numbers.next(holder.conn)
            async with other.transaction():
                for _ in range(2):
                    with pytest.raises(SequenceLocked) as caught:
                        await numbers.next(other.conn, nowait=True)
                await other.execute("SELECT 1")  # usable
        async with other.transaction():
            issued = await numbers.next(other.conn, nowait=True)

    assert caught.value.sequence == f"{name}/{issued.at.year}"
    assert issued.number == 2
