"""What a counter's numbers look like, and for how long: for a server that prints them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from aseq._core.counter import Counter
from aseq._core.spec import SequenceSpec
from aseq.numbering._allocation import PeriodCounter
from aseq.numbering._clock import from_microseconds, microseconds
from aseq.numbering._days import ONE_DAY, day_of, start_of
from aseq.numbering._scope import Scope
from aseq.numbering._spec import NumberingSpec

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


class Lane(NamedTuple):
    """What is known of a counter, as long as its numbers are printed alike.

    Attributes:
        spec: the sequence.
        series: within which a key has one number: the numbering and its scope, no period.
        span: the moments at which it is the right one, and its numbers are of one day.
        printed: how they are printed; None if only Python can tell, because of a check digit.
    """

    spec: SequenceSpec
    series: str
    span: range
    printed: Printed | None


def lane_of(counter: Counter[Any]) -> Lane:
    """What is known of a counter, at its moment."""
    if not isinstance(counter, PeriodCounter):
        return Lane(counter.spec, counter.spec.name, ALWAYS, Printed())
    zone = counter.numbering._zone
    day = None if zone is None else day_of(counter.moment, zone)
    return _lane(counter.numbering, counter.scope, day)


@lru_cache(maxsize=1024)
def _lane(numbering: NumberingSpec, scope: Scope, day: dt.date | None) -> Lane:
    zone = numbering._zone or dt.UTC
    # Without a zone there are no dates, and all moments are alike.
    whole = numbering.span(start_of(day or dt.date(2026, 1, 1), zone))
    since, until = microseconds(whole.since), microseconds(whole.until)
    if day is not None:
        since = max(since, microseconds(start_of(day, zone)))
        until = min(until, microseconds(start_of(day + ONE_DAY, zone)))
    around = numbering._pattern.around(day, dict(scope))
    spec = numbering.counter(scope, whole.period)
    how = None if around is None else Printed(*around)
    return Lane(spec, spec._queue, range(since, until), how)


def of_moment(counter: Counter[Any], at: int) -> Counter[Any]:
    """The counter of a moment that isn't now: nothing is learnt from it."""
    if isinstance(counter, PeriodCounter):
        return replace(counter, moment=from_microseconds(at))
    return counter
