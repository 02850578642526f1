"""The period that a law or a company chose: a year that begins on any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from aseq.errors import InvalidSequence


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """A year that needn't begin in January, for ``Numbering(..., period=FiscalYear(4))``.

    Args:
        start_month: the month in which it begins, 1 to 12.
        start_day: the day of that month on which it begins; one that each year has.
        named_after: whether it takes its number from the calendar year in which it
            starts, or in which it ends. (In Japan, April 2026 to March 2027 is 2026. To the
            government of the United States, October 2026 to September 2027 is 2027.)

    Raises:
        InvalidSequence: there is no such day, or not in each year.
    """

    start_month: int
    start_day: int = 1
    named_after: Literal["start", "end"] = "start"

    def __post_init__(self) -> None:
        if not _is_day(2024, self.start_month, self.start_day):
            raise InvalidSequence(
                "period",
                f"can't begin on day {self.start_day!r} of month {self.start_month!r}: there "
                "is no such day",
            )
        if not _is_day(2023, self.start_month, self.start_day):
            raise InvalidSequence(
                "period", "can't begin on 29 February: most years don't have that day"
            )
        if self.named_after not in ("start", "end"):
            raise InvalidSequence(
                "period", f"must be named after its 'start' or 'end', not {self.named_after!r}"
            )

    @property
    def spans(self) -> frozenset[str]:
        """See `_period.Calendar`."""
        spans = {"day", "fiscal_year"}
        if self.start_day == 1:
            spans.add("month")
            if self.start_month == 1:
                spans.add("year")
        return frozenset(spans)

    @property
    def fields(self) -> str:
        """See `_period.Calendar`."""
        return "{fiscal_year}"

    def first(self, day: date, /) -> date:
        """The first day of the fiscal year that a day is in."""
        first = date(day.year, self.start_month, self.start_day)
        return first if first <= day else first.replace(year=day.year - 1)

    def after(self, first: date, /) -> date:
        """The first day of the next one."""
        return first.replace(year=first.year + 1)

    def label(self, first: date, /) -> str:
        """For example FY2026."""
        return f"FY{self.number(first):04}"

    def number(self, first: date, /) -> int:
        """The number of the fiscal year that begins on `first`."""
        return first.year + self._later

    def named(self, number: int, /) -> date:
        """The first day of the fiscal year with a number; ValueError if there is none."""
        return date(number - self._later, self.start_month, self.start_day)

    @property
    def _later(self) -> int:
        """How many years its number is ahead of the year in which it starts."""
        within_one = (self.start_month, self.start_day) == (1, 1)
        return 1 if self.named_after == "end" and not within_one else 0


def _is_day(year: int, month: object, day: object) -> bool:
    if not all(type(part) is int for part in (month, day)):
        return False
    try:
        date(year, month, day)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True
