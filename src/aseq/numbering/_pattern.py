"""Patterns: from number, date and scope to a text, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from aseq.errors import InvalidSequence

from ._check import CheckDigit, check_of, digits_of
from ._fields import CENTURY, DATE_FIELDS, told, ways
from ._fiscal_year import FiscalYear
from ._parts import Check, Date, Literal, Number, Part, Reading, ScopeField
from ._period import Calendar, PeriodName, calendar_of


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a numbering prints its numbers.

    Attributes:
        parts: what it consists of, in order.
        period: what its numbers start again with, if with anything.
        check: what computes the check digit, if it has one.
    """

    parts: tuple[Part, ...]
    period: PeriodName | FiscalYear | None
    check: CheckDigit | None

    @property
    def calendar(self) -> Calendar | None:
        """Its periods; None if it has none."""
        return calendar_of(self.period)

    @property
    def dates(self) -> frozenset[str]:
        """The date fields that it prints."""
        return frozenset(part.name for part in self.parts if isinstance(part, Date))

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that it prints."""
        return frozenset(part.name for part in self.parts if isinstance(part, ScopeField))

    def check_periods(self) -> None:
        """Refuse a pattern that prints numbers of two periods alike.

        Raises:
            InvalidSequence: it does, for want of a field.
        """
        calendar = self.calendar
        if calendar is None or any(way.span in calendar.spans for way in ways(self.dates)):
            return
        raise InvalidSequence(
            "pattern",
            f"must print {calendar.fields}: the numbers start again with each period, so the "
            "same text would come twice",
        )

    def check_scope(self, scope: Mapping[str, str]) -> None:
        """Refuse values of scopes that it can't print."""
        for part in self.parts:
            if isinstance(part, ScopeField) and part.name in scope:
                part.check(scope[part.name])

    def check_day(self, day: date) -> None:
        """Refuse a day that it can't print."""
        if "yy" in self.dates and day.year not in CENTURY:
            raise InvalidSequence(
                "at", f"must be in the years 2000 to 2099, which {{yy}} stands for, not {day}"
            )

    def render(self, number: int, day: date | None, scope: Mapping[str, str]) -> str:
        """The text of a number.

        Args:
            number: the number.
            day: its day; None if no date is printed.
            scope: the values of the scopes that are printed, and maybe of others.
        """
        [text] = self.render_all([number], day, scope)
        return text

    def render_all(
        self, numbers: Iterable[int], day: date | None, scope: Mapping[str, str]
    ) -> list[str]:
        """The texts of some numbers of one day and one scope, as `render`."""
        pieces = [self._piece(part, day, scope) for part in self.parts]
        [(place, width)] = [
            (i, part.width) for i, part in enumerate(self.parts) if isinstance(part, Number)
        ]
        check = next((i for i, part in enumerate(self.parts) if isinstance(part, Check)), None)
        texts = []
        for number in numbers:
            pieces[place] = f"{number:0{width}}"
            if check is not None and self.check is not None:
                pieces[check] = ""
                pieces[check] = self._check(self.check, "".join(pieces))
            texts.append("".join(pieces))
        return texts

    def around(self, day: date | None, scope: Mapping[str, str]) -> tuple[str, int, str] | None:
        """What stands before a number and after it, for those who print it elsewhere.

        Args:
            day: its day; None if no date is printed.
            scope: the values of the scopes that are printed, and maybe of others.

        Returns:
            what stands before it, the width that it is padded to, and what stands after it;
            None if there is a check, which depends on the number.
        """
        if self.check is not None:
            return None
        [(place, width)] = [
            (i, part.width) for i, part in enumerate(self.parts) if isinstance(part, Number)
        ]
        pieces = [self._piece(part, day, scope) for part in self.parts]
        return "".join(pieces[:place]), width, "".join(pieces[place + 1 :])

    def _piece(self, part: Part, day: date | None, scope: Mapping[str, str]) -> str:
        """What a part prints, whatever the number is: number and check print nothing."""
        match part:
            case Literal(text):
                return text
            case ScopeField(name):
                return scope[name]
            case Date(name) if day is not None:
                return f"{self._value(name, day):0{DATE_FIELDS[name].width}}"
        return ""

    def _check(self, function: CheckDigit, text: str) -> str:
        """The check for a text, as wide as it was when the numbering was made."""
        digits = digits_of(text)
        check = check_of(function, digits)
        if len(check) != self._width:
            raise InvalidSequence(
                "check",
                f"must give {self._width} character(s), not {check!r} as for {digits!r}",
            )
        return check

    @property
    def _width(self) -> int:
        return next((part.width for part in self.parts if isinstance(part, Check)), 0)

    def _value(self, name: str, day: date) -> int:
        value = DATE_FIELDS[name].of
        if value is not None:
            return value(day)
        assert isinstance(self.period, FiscalYear)  # noqa: S101  # by `check_fields`
        return self.period.number(self.period.first(day))

    def read(self, text: str) -> Reading:
        """What a text says. Padding may be missing, or be more than is printed today.

        Raises:
            InvalidSequence: it isn't of this pattern; the error says where it stops.
        """
        reading = Reading(text)
        for part in self.parts:
            part.read(reading)
        if reading.at < len(text):
            raise reading.refused("the end")
        self._compare(reading)
        return reading

    def _compare(self, reading: Reading) -> None:
        """Refuse a text whose check digit is wrong."""
        at, text = reading.check_at, reading.text
        if self.check is None or at is None:
            return
        end = at + self._width
        # Of the digits as they stand there: it may have been padded otherwise.
        right, found = self._check(self.check, text[:at] + text[end:]), text[at:end]
        if found != right:
            raise InvalidSequence(
                "text", f"{text!r} has a mistake: its check digit is {found}, not {right}"
            )

    def first_day(self, reading: Reading) -> date | None:
        """The first day of the period that a text is from; None if there are no periods.

        Raises:
            InvalidSequence: there is no such date.
        """
        calendar = self.calendar
        if calendar is None:
            return None
        dates = told(reading.dates)
        way = next(way for way in ways(dates) if way.span in calendar.spans)
        try:
            if way.first is not None:
                return calendar.first(way.first(dates))
            assert isinstance(calendar, FiscalYear)  # noqa: S101  # by `check_fields`
            return calendar.named(dates["fiscal_year"])
        except (ValueError, OverflowError):
            span = way.span.replace("_", " ")
            raise InvalidSequence(
                "text", f"{reading.text!r} can't be read: there is no such {span}"
            ) from None
