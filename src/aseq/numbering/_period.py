"""Periods: how a numbering cuts time, so that its numbers start again with each piece.

A period is a run of whole days, and what it is called doesn't depend on where on earth it
is: `_days` knows at which moments a day begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol, TypeAlias

from aseq.errors import InvalidSequence

from ._fiscal_year import FiscalYear

PeriodName: TypeAlias = Literal["day", "week", "month", "quarter", "year"]


class Calendar(Protocol):
    """What a period has to know.

    Attributes:
        spans: which spans of time never lie in two periods, so that printing one of them
            tells the period.
        fields: what to print to tell one period from another, for an error's text.
    """

    @property
    def spans(self) -> frozenset[str]: ...

    @property
    def fields(self) -> str: ...

    def first(self, day: date, /) -> date:
        """The first day of the period that a day is in."""
        ...

    def after(self, first: date, /) -> date:
        """The first day of the period after the one that begins on `first`."""
        ...

    def label(self, first: date, /) -> str:
        """What the period that begins on `first` is called. Labels sort as time goes."""
        ...


@dataclass(frozen=True, slots=True)
class _Regular:
    spans: frozenset[str]
    fields: str
    first: Callable[[date], date]
    after: Callable[[date], date]
    label: Callable[[date], str]


def _days_later(days: int, first: date) -> date:
    """The first day of the month that is so many days later."""
    return (first + timedelta(days=days)).replace(day=1)


def _week(first: date) -> str:
    year, week, _ = first.isocalendar()
    return f"{year:04}-W{week:02}"


CALENDARS: Mapping[str, Calendar] = {
    "day": _Regular(
        frozenset({"day"}),
        "{year}, {month} and {day}",
        first=lambda day: day,
        after=lambda first: first + timedelta(days=1),
        label=date.isoformat,
    ),
    "week": _Regular(
        frozenset({"day", "week"}),
        "{week_year} and {week}",
        first=lambda day: day - timedelta(days=day.weekday()),
        after=lambda first: first + timedelta(days=7),
        label=_week,
    ),
    "month": _Regular(
        frozenset({"day", "month"}),
        "{year} and {month}",
        first=lambda day: day.replace(day=1),
        after=lambda first: _days_later(31, first),
        label=lambda first: f"{first.year:04}-{first.month:02}",
    ),
    "quarter": _Regular(
        frozenset({"day", "month", "quarter"}),
        "{year} and {quarter}",
        first=lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        after=lambda first: _days_later(92, first),
        label=lambda first: f"{first.year:04}-Q{first.month // 3 + 1}",
    ),
    "year": _Regular(
        frozenset({"day", "month", "quarter", "year"}),
        "{year}",
        first=lambda day: day.replace(month=1, day=1),
        after=lambda first: first.replace(year=first.year + 1),
        label=lambda first: f"{first.year:04}",
    ),
}


def calendar_of(period: object) -> Calendar | None:
    """The calendar for the argument ``period``.

    Raises:
        InvalidSequence: there is none for it.
    """
    if period is None or isinstance(period, FiscalYear):
        return period
    calendar = CALENDARS.get(period) if isinstance(period, str) else None
    if calendar is None:
        raise InvalidSequence(
            "period",
            f"must be {', '.join(map(repr, CALENDARS))}, a FiscalYear or None, not {period!r}",
        )
    return calendar
