"""What a counter's numbers look like, and for how long: for a server that prints them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, NamedTuple

from aseq._core.counter import Counter
from aseq.numbering._allocation import PeriodCounter
from aseq.numbering._clock import from_microseconds, microseconds
from aseq.numbering._days import ONE_DAY, day_of, start_of

ALWAYS = range(-(2**62), 2**62)
"""Every moment, in microseconds since 1970."""


class Printed(NamedTuple):
    """How numbers are printed that are drawn within a span of time.

    Attributes:
        before: what stands before the number.
        width: how many characters it is padded to.
        after: what stands after it.
    """

    before: str = ""
    width: int = 0
    after: str = ""


def series_of(counter: Counter[Any]) -> str:
    """Within which a key has one number: the numbering and its scope, without a period."""
    if isinstance(counter, PeriodCounter):
        return counter.spec._queue
    return counter.spec.name


def of_moment(counter: Counter[Any], at: int) -> Counter[Any]:
    """The counter of a moment that isn't now: nothing is learnt from it."""
    if isinstance(counter, PeriodCounter):
        return replace(counter, moment=from_microseconds(at))
    return counter


def printed(counter: Counter[Any]) -> Printed | None:
    """How the numbers of a counter are printed on the day of its moment.

    None if only Python can tell, because of a check digit.
    """
    if not isinstance(counter, PeriodCounter):
        return Printed()
    around = counter.numbering._pattern.around(_day(counter), dict(counter.scope))
    return None if around is None else Printed(*around)


def span_of(counter: Counter[Any]) -> range:
    """The moments at which the counter is the right one, and its numbers are printed alike."""
    span = ALWAYS if counter.span is None else counter.span
    day = _day(counter) if isinstance(counter, PeriodCounter) else None
    if day is None or not isinstance(counter, PeriodCounter):
        return span
    zone = counter.numbering._zone or dt.UTC
    first, after = (microseconds(start_of(each, zone)) for each in (day, day + ONE_DAY))
    return range(max(first, span.start), min(after, span.stop))


def _day(counter: PeriodCounter) -> dt.date | None:
    """The day of a counter's moment, if its numbers have a date."""
    zone = counter.numbering._zone
    return None if zone is None else day_of(counter.moment, zone)
