"""Days, as intervals of moments in a zone.

A day runs from its own midnight to that of the next one, and moments are put into it by
comparing moments, never wall clocks. That makes a difference where clocks are turned back
over midnight: in Goose Bay, until 2011, they went from 00:01 back to 23:01. By the wall
clock, that hour belongs to the day before, which was over already, so dates would go back
while time goes on. Here it belongs to the day that has begun.

Midnights are compared in UTC: Python compares two datetimes of one zone by their wall
clocks. Where a midnight happens twice, the day begins with the first; where clocks skip
it, when it would have been.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from aseq.errors import InvalidSequence

ONE_DAY = timedelta(days=1)

YEARS = range(2, 9999)
"""What a moment may be in: the ends of its period must be dates, too."""


@lru_cache(maxsize=1024)
def start_of(day: date, zone: tzinfo) -> datetime:
    """The moment, in UTC, at which a day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day that a moment belongs to."""
    day = at.astimezone(zone).date()
    while at >= start_of(day + ONE_DAY, zone):
        day += ONE_DAY
    while at < start_of(day, zone):
        day -= ONE_DAY
    return day


def moment(at: object) -> datetime:
    """The moment, in UTC, for the argument ``at``.

    Raises:
        InvalidSequence: it could be several moments, or is none.
    """
    if not isinstance(at, datetime):
        raise InvalidSequence(
            "at", f"must be a datetime with a time zone, not {type(at).__name__}"
        )
    if at.utcoffset() is None:
        raise InvalidSequence(
            "at", f"must have a time zone, or it could be several moments: {at} has none"
        )
    if at.year not in YEARS:
        raise InvalidSequence(
            "at", f"must be in the years {YEARS.start} to {YEARS.stop - 1}, not {at}"
        )
    return at.astimezone(UTC)


def chosen(at: object) -> datetime | None:
    """As `moment`, or None if nobody chose one."""
    return None if at is None else moment(at)
