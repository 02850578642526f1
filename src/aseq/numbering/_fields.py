"""The fields of a pattern that print a date, and what can be told from them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from aseq.errors import InvalidSequence

CENTURY = range(2000, 2100)
"""What ``{yy}`` stands for."""


@dataclass(frozen=True, slots=True)
class DateField:
    """How one part of a date is printed.

    Attributes:
        width: the number of digits, always.
        values: what can be read back.
        of: the part of a day; None if a calendar has to be asked.
    """

    width: int
    values: range
    of: Callable[[date], int] | None


DATE_FIELDS = {
    "year": DateField(4, range(1, 10_000), lambda day: day.year),
    "yy": DateField(2, range(100), lambda day: day.year % 100),
    "quarter": DateField(1, range(1, 5), lambda day: (day.month + 2) // 3),
    "month": DateField(2, range(1, 13), lambda day: day.month),
    "day": DateField(2, range(1, 32), lambda day: day.day),
    "week": DateField(2, range(1, 54), lambda day: day.isocalendar().week),
    "week_year": DateField(4, range(1, 10_000), lambda day: day.isocalendar().year),
    "fiscal_year": DateField(4, range(1, 10_000), None),
}


class Way(NamedTuple):
    """A way to tell a span of time from printed fields.

    Attributes:
        fields: the fields that it takes. (``yy`` counts as the year.)
        span: what they tell together.
        first: the first day of that span; ValueError if there is none. A fiscal year's
            first day only its calendar knows.
    """

    fields: frozenset[str]
    span: str
    first: Callable[[Mapping[str, int]], date] | None


# The narrowest first.
_WAYS = (
    Way(
        frozenset({"year", "month", "day"}),
        "day",
        lambda told: date(told["year"], told["month"], told["day"]),
    ),
    Way(
        frozenset({"week_year", "week"}),
        "week",
        lambda told: date.fromisocalendar(told["week_year"], told["week"], 1),
    ),
    Way(
        frozenset({"year", "month"}),
        "month",
        lambda told: date(told["year"], told["month"], 1),
    ),
    Way(
        frozenset({"year", "quarter"}),
        "quarter",
        lambda told: date(told["year"], told["quarter"] * 3 - 2, 1),
    ),
    Way(frozenset({"year"}), "year", lambda told: date(told["year"], 1, 1)),
    Way(frozenset({"fiscal_year"}), "fiscal_year", None),
)


def ways(fields: Iterable[str]) -> Iterator[Way]:
    """What can be told from some fields."""
    printed = {"year" if field == "yy" else field for field in fields}
    return (way for way in _WAYS if way.fields <= printed)


def check_fields(fields: frozenset[str], *, fiscal: bool) -> None:
    """Refuse fields that would mislead when they stand in one pattern.

    Args:
        fields: the date fields of the pattern.
        fiscal: whether its periods are fiscal years.

    Raises:
        InvalidSequence: says which, and why.
    """

    def refuse(problem: str) -> None:
        raise InvalidSequence("pattern", problem)

    week, year = fields & {"week", "week_year"}, fields & {"year", "yy"}
    if "week" in fields and "week_year" not in fields:
        refuse("has {week} without {week_year}: week 1 may begin in the year before")
    if week and year:
        refuse(
            f"has {{{min(year)}}} beside a week: 30 December 2024 is in week 1 of 2025. "
            "Print {week_year} instead"
        )
    if len(year) > 1:
        refuse("has both {year} and {yy}: one is enough")
    if fiscal and "quarter" in fields:
        refuse(
            "has {quarter} beside a fiscal year: it would be the calendar's quarter, which "
            "few would take it for"
        )
    if "fiscal_year" in fields and not fiscal:
        refuse("has {fiscal_year}: say which one, with period=FiscalYear(...)")


def told(values: Mapping[str, int]) -> Mapping[str, int]:
    """The values of fields as they were read, with ``yy`` as the year that it stands for."""
    if "yy" not in values:
        return values
    return {**values, "year": CENTURY.start + values["yy"]}
