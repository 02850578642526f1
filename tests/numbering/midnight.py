"""Midnights when a test wants them, and numbers that are saved with their dates."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import anyio

from aseq.numbering import DocumentNumber, FiscalYear, Numbering
from aseq.numbering._clock import CLOCK, Clock
from tests.database import Database

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)


def now() -> dt.datetime:
    """This machine's clock, which is the server's, too."""
    return dt.datetime.now(dt.UTC)


def this_year(tz: str = "UTC") -> int:
    """The year in a zone, for a minute at least: the last one of a year is waited out."""
    while (local := now().astimezone(ZoneInfo(tz))).strftime("%m-%d %H:%M") == "12-31 23:59":
        time.sleep(0.1)
    return local.year


def east_of(midnight: dt.datetime) -> dt.timezone:
    """The zone, east of Greenwich, in which a moment is midnight."""
    start = midnight.replace(hour=0, minute=0, second=0, microsecond=0)
    return dt.timezone(start + DAY - midnight)


def west_of(midnight: dt.datetime) -> dt.timezone:
    """The zone, west of Greenwich, in which a moment is midnight."""
    start = midnight.replace(hour=0, minute=0, second=0, microsecond=0)
    return dt.timezone(start - midnight)


class TurnedBack(dt.tzinfo):
    """As Goose Bay in 2010: some time after a midnight, clocks go back to the day before."""

    def __init__(self, midnight: dt.datetime, after: dt.timedelta) -> None:
        self._summer = east_of(midnight).utcoffset(None)
        self._turn = (midnight + after).replace(tzinfo=None)

    def utcoffset(self, local: dt.datetime | None) -> dt.timedelta:
        assert local is not None
        wall = local.replace(tzinfo=None) - self._summer
        twice = self._turn - HOUR <= wall < self._turn
        is_over = bool(local.fold) if twice else wall >= self._turn
        return self._summer - HOUR if is_over else self._summer

    def dst(self, local: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(0)

    def tzname(self, local: dt.datetime | None) -> str:
        return "turned back"

    def fromutc(self, moment: dt.datetime) -> dt.datetime:
        plain = moment.replace(tzinfo=None)
        if plain < self._turn:
            return moment + self._summer
        again = plain < self._turn + HOUR
        return (moment + self._summer - HOUR).replace(fold=int(again))


ZONES: dict[str, Any] = {
    "east": east_of,
    "west": west_of,
    "turned back": lambda midnight: TurnedBack(midnight, SECOND / 2),
}


def new_year(name: str, midnight: dt.datetime, zone: str, **parameters: Any) -> Numbering:
    """A numbering for which a moment is the beginning of a year."""
    tz = ZONES[zone](midnight)
    first = midnight.astimezone(tz)
    if (first.month, first.day) == (2, 29):  # no year can begin on that day
        tz = east_of(midnight) if zone == "west" else west_of(midnight)
        first = midnight.astimezone(tz)
    year = FiscalYear(first.month, first.day)
    return Numbering(name, "{fiscal_year}-{number:03}", period=year, tz=tz, **parameters)


@contextmanager
def clock_off(by: dt.timedelta) -> Iterator[Clock]:
    """This machine's clock, as aseq knows it, is wrong by so much; until it learns."""
    CLOCK.learn(now() + by)
    try:
        yield CLOCK
    finally:
        CLOCK.learn(now())


async def until(moment: dt.datetime) -> None:
    """Return when the clock says so."""
    while now() <= moment:  # noqa: ASYNC110  # a clock tells only who asks
        await anyio.sleep(0.005)


SAVED = "CREATE TABLE IF NOT EXISTS issued (name varchar(100), number bigint, at varchar(40))"


def save_sql(name: str, issued: DocumentNumber) -> str:
    return f"INSERT INTO issued VALUES ('{name}', {issued.number}, '{issued.at.isoformat()}')"


def issued(database: Database, name: str) -> list[tuple[int, str]]:
    """The committed numbers of a counter with their moments, in the order of the numbers."""
    return database.run(f"SELECT number, at FROM issued WHERE name = '{name}' ORDER BY number")
