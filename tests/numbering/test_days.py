"""Days as intervals of moments, in every zone there is."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import pytest

from aseq import InvalidSequence
from aseq.numbering._days import ONE_DAY, day_of, moment, start_of

HALF_HOUR = dt.timedelta(minutes=30)
YEARS = range(2000, 2032)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def zone(name: str) -> dt.tzinfo:
    return zoneinfo.ZoneInfo(name)


# (zone, moment in UTC, its day)
DAYS = [
    ("UTC", "2026-12-31T23:59:59.999999", "2026-12-31"),
    ("UTC", "2027-01-01T00:00", "2027-01-01"),
    ("Europe/Paris", "2026-12-31T22:59:59.999999", "2026-12-31"),
    ("Europe/Paris", "2026-12-31T23:00", "2027-01-01"),
    ("America/New_York", "2027-01-01T04:59:59.999999", "2026-12-31"),
    ("America/New_York", "2027-01-01T05:00", "2027-01-01"),
    ("Pacific/Kiritimati", "2026-12-31T10:00", "2027-01-01"),
    ("Asia/Kathmandu", "2026-12-31T18:14:59.999999", "2026-12-31"),
    ("Asia/Kathmandu", "2026-12-31T18:15", "2027-01-01"),
    # Turned back from 00:01 to 23:01: a day that has begun goes on.
    ("America/Goose_Bay", "2010-11-07T02:59", "2010-11-06"),
    ("America/Goose_Bay", "2010-11-07T03:00", "2010-11-07"),
    ("America/Goose_Bay", "2010-11-07T03:01", "2010-11-07"),
    ("America/Goose_Bay", "2010-11-07T03:30", "2010-11-07"),
    ("America/Goose_Bay", "2010-11-07T04:00", "2010-11-07"),
    # A midnight that happens twice, and one that never does.
    ("America/Havana", "2026-11-01T04:30", "2026-11-01"),
    ("America/Havana", "2026-11-01T05:30", "2026-11-01"),
    ("America/Havana", "2026-03-08T04:59:59", "2026-03-07"),
    ("America/Havana", "2026-03-08T05:00", "2026-03-08"),
    # From 23:30 to 00:30.
    ("America/Toronto", "1919-03-31T04:59:59", "1919-03-30"),
    ("America/Toronto", "1919-03-31T05:00", "1919-03-31"),
    # A whole day that Samoa left out.
    ("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29"),
    ("Pacific/Apia", "2011-12-30T10:00", "2011-12-31"),
]


@pytest.mark.parametrize(("name", "text", "day"), DAYS)
def test_the_day_of_a_moment(name: str, text: str, day: str) -> None:
    assert day_of(at(text), zone(name)) == dt.date.fromisoformat(day)


def test_a_moment_may_be_told_in_any_zone() -> None:
    paris = zone("Europe/Paris")

    for text in "2026-12-31T23:30", "2026-06-30T21:59", "2026-10-25T00:30":
        there = at(text).astimezone(zone("Asia/Tokyo"))
        assert day_of(there, paris) == day_of(at(text), paris)
        assert day_of(there.astimezone(paris), paris) == day_of(at(text), paris)


def turns(here: dt.tzinfo) -> Iterator[dt.datetime]:
    """The days on which a zone turns its clocks."""
    now, end = at(f"{YEARS.start}-01-01T00:00"), at(f"{YEARS.stop}-01-01T00:00")
    week = 7 * ONE_DAY
    while now < end:
        if now.astimezone(here).utcoffset() != (now + week).astimezone(here).utcoffset():
            days = [now + i * ONE_DAY for i in range(8)]
            offsets = [day.astimezone(here).utcoffset() for day in days]
            yield from (
                day
                for day, *two in zip(days, offsets, offsets[1:], strict=False)
                if two[0] != two[1]
            )
        now += week


def test_days_never_go_back_and_hold_their_moments() -> None:
    """In every zone, around each turn of its clocks, by half hours."""
    looked = different = 0
    for name in sorted(zoneinfo.available_timezones()):
        if name == "localtime" or name.startswith(("posix/", "right/")):
            continue
        here = zone(name)
        for turn in turns(here):
            before = dt.date.min
            for step in range(-24, 3 * 24):
                now = turn + step * HALF_HOUR
                day = day_of(now, here)
                assert start_of(day, here) <= now < start_of(day + ONE_DAY, here), (name, now)
                assert day >= before, (name, now)
                before = day
                looked += 1
                different += day != now.astimezone(here).date()

    assert looked > 500_000
    assert 0 < different < 100, "only where clocks go back over midnight"


# (argument, text of the error)
NO_MOMENTS: list[tuple[object, str]] = [
    (None, "at must be a datetime with a time zone, not NoneType"),
    ("2026-01-01", "at must be a datetime with a time zone, not str"),
    (dt.date(2026, 1, 1), "at must be a datetime with a time zone, not date"),
    (
        dt.datetime(2026, 1, 1),
        "at must have a time zone, or it could be several moments: 2026-01-01 00:00:00 has ",
    ),
    (
        dt.datetime.max.replace(tzinfo=dt.UTC),
        "at must be in the years 2 to 9998, not 9999-12-31 ",
    ),
    (
        dt.datetime.min.replace(tzinfo=dt.UTC),
        "at must be in the years 2 to 9998, not 0001-01-01 ",
    ),
]


@pytest.mark.parametrize(("argument", "text"), NO_MOMENTS)
def test_what_is_no_moment(argument: object, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        moment(argument)

    assert str(caught.value).startswith(text)
    assert caught.value.argument == "at"


def test_a_moment_is_in_utc() -> None:
    """Two datetimes of one zone would be compared by their wall clocks."""
    paris = zone("Europe/Paris")
    first = dt.datetime(2026, 10, 25, 2, 45, tzinfo=paris)
    second = dt.datetime(2026, 10, 25, 2, 15, fold=1, tzinfo=paris)

    assert second < first
    assert moment(first) < moment(second)
    assert moment(second) == at("2026-10-25T01:15")
    assert moment(second).tzinfo is dt.UTC
