"""What a numbering is: its parameters, valid or refused, and what follows from them."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import NamedTuple, Self

from aseq._core.spec import DEFAULT_TABLE
from aseq._sequence import AsyncSequence
from aseq.errors import InvalidSequence

from ._check import CheckDigit, width_of
from ._compile import compiled
from ._days import YEARS, day_of, start_of
from ._documents import DocumentNumber, ParsedNumber
from ._fields import CENTURY, check_fields
from ._fiscal_year import FiscalYear
from ._pattern import Pattern
from ._period import PeriodName, calendar_of
from ._scope import Scope, ScopeValue, check_name, complete, counter_name, fill
from ._zone import zone_of

_SAMPLES = 100
"""How many numbers a check digit is tried on, when the numbering is made."""


class Span(NamedTuple):
    """The time around a moment in which the same counter is drawn from.

    Attributes:
        period: what it is called; None if there are no periods.
        since: its first moment.
        until: the first moment after it.
    """

    period: str | None
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True, slots=True, weakref_slot=True)
class NumberingSpec:
    """The validated, frozen parameters of a numbering, and its scopes as far as bound."""

    name: str
    pattern: str
    _: KW_ONLY
    scope: Collection[str] = ()
    period: PeriodName | FiscalYear | None = None
    tz: str | dt.tzinfo | None = None
    step: int = 1
    initial_value: int = 1
    check: CheckDigit | None = None
    table: str = DEFAULT_TABLE
    fair: bool | None = None
    require_transaction: bool = True
    _bound: Scope = field(default=(), init=False)
    _pattern: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._set("scope", _names(self.scope))
        self._set("tz", zone_of(self.tz))
        self._sequence_called(self.name, self.name)  # refuses what no sequence can have
        self._set("_pattern", self._compiled())
        if self._zone is None and (self._pattern.calendar or self._pattern.dates):
            raise InvalidSequence(
                "tz", "is needed, such as 'Europe/Paris': a year begins at another moment there"
            )
        counter_name(self.name, tuple((name, "x") for name in self.scopes), self._any_period)

    def _compiled(self) -> Pattern:
        numbers = (self.initial_value + i * self.step for i in range(_SAMPLES))
        samples = [f"2026{abs(number):05}" for number in numbers]
        width = 0 if self.check is None else width_of(self.check, samples)
        calendar = calendar_of(self.period)
        parts = compiled(self.pattern, frozenset(self.scope), width)
        pattern = Pattern(parts, self.period, self.check)
        check_fields(pattern.dates, fiscal=isinstance(calendar, FiscalYear))
        pattern.check_periods()
        return pattern

    def _set(self, attribute: str, value: object) -> None:
        object.__setattr__(self, attribute, value)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The names of all scopes, printed or not, in alphabetical order."""
        return tuple(sorted(self._pattern.scopes.union(self.scope)))

    @property
    def bound(self) -> Mapping[str, str]:
        """The values of the scopes that are bound."""
        return dict(self._bound)

    @property
    def _zone(self) -> dt.tzinfo | None:
        assert not isinstance(self.tz, str)  # noqa: S101  # set in __post_init__
        return self.tz

    @property
    def _any_period(self) -> str | None:
        return self.span(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).period

    def bind(self, /, **scope: ScopeValue) -> Self:
        """The same numbering with some or all of its scopes filled in.

        Args:
            **scope: values for scopes that have none yet.

        Returns:
            the numbering. It is equal to any that was bound in another way to the same.

        Raises:
            InvalidSequence: a scope isn't one of the numbering's, is bound already, or
                can't have that value.
        """
        bound = fill(self.scopes, self._bound, scope)
        self._check_scope(bound)
        twin = copy.copy(self)
        twin._set("_bound", bound)
        return twin

    def _check_scope(self, scope: Scope) -> None:
        self._pattern.check_scope(dict(scope))

    def scope_of(self, given: Mapping[str, ScopeValue]) -> Scope:
        """All scopes with their values: those bound, and those given.

        Raises:
            InvalidSequence: one is missing, or one can't be.
        """
        scope = complete(self.scopes, self._bound, given)
        self._check_scope(scope)
        return scope

    def _bound_scope(self) -> Scope:
        """All scopes with their values, if all are bound.

        Raises:
            InvalidSequence: one isn't.
        """
        missing = sorted(set(self.scopes) - {name for name, _ in self._bound})
        if missing:
            raise InvalidSequence(missing[0], f"isn't bound: bind({missing[0]}=...) does that")
        return self._bound

    def span(self, at: dt.datetime) -> Span:
        """The time around a moment in which the same counter is drawn from.

        Raises:
            InvalidSequence: the pattern can't print a date of that time.
        """
        zone = self._zone
        return _span(self, None if zone is None else day_of(at, zone))

    def counter(self, scope: Scope, period: str | None) -> AsyncSequence:
        """The sequence of a scope and a period.

        Raises:
            InvalidSequence: its name would be too long.
        """
        return _counter(self, scope, period)

    def _sequence_called(self, name: str, queue: str) -> AsyncSequence:
        return AsyncSequence(
            name,
            self.initial_value,
            step=self.step,
            table=self.table,
            require_transaction=self.require_transaction,
            fair=self.fair,
            queue=None if queue == name else queue,
        )

    def document(
        self, number: int, at: dt.datetime, scope: Scope, period: str | None
    ) -> DocumentNumber:
        """The document number of a number that was drawn."""
        [document] = self.documents([number], at, scope, period)
        return document

    def documents(
        self, numbers: Sequence[int], at: dt.datetime, scope: Scope, period: str | None
    ) -> list[DocumentNumber]:
        """The document numbers of some numbers of one moment."""
        zone, values, sequence = self._zone, dict(scope), self.counter(scope, period)
        day = None if zone is None else day_of(at, zone)
        texts = self._pattern.render_all(numbers, day, values)
        return [
            DocumentNumber(text, number, at, period, dict(values), sequence, zone)
            for text, number in zip(texts, numbers, strict=True)
        ]

    def parse(self, text: str, /, **unprinted: ScopeValue) -> ParsedNumber:
        """Read the text of a number.

        Numbers may be padded in another way than they are printed today. The check digit
        must be right.

        Args:
            text: the text.
            **unprinted: values of scopes that aren't printed, as far as they are known.

        Returns:
            what it says.

        Raises:
            InvalidSequence: the text isn't of this pattern, or of another scope than the
                numbering is bound to. The error, a ValueError, says where it stops.
        """
        if not isinstance(text, str):
            raise InvalidSequence("text", f"must be a str, not {type(text).__name__}")
        reading = self._pattern.read(text)
        for name, value in self._bound:
            if reading.scope.get(name, value) != value:
                raise InvalidSequence(
                    "text", f"{text!r} is of {name} {reading.scope[name]!r}, not {value!r}"
                )
        known = tuple({**dict(self._bound), **reading.scope}.items())
        scope = fill(self.scopes, known, unprinted)
        first, calendar = self._pattern.first_day(reading), self._pattern.calendar
        period = calendar.label(first) if calendar and first else None
        whole = len(scope) == len(self.scopes)
        counter = self.counter(scope, period) if whole else None
        return ParsedNumber(text, reading.number, period, dict(scope), counter)


@lru_cache(maxsize=1024)
def _span(spec: NumberingSpec, day: dt.date | None) -> Span:
    pattern, calendar, zone = spec._pattern, spec._pattern.calendar, spec._zone or dt.UTC
    years = CENTURY if "yy" in pattern.dates else YEARS
    first, after = dt.date(years.start, 1, 1), dt.date(years.stop, 1, 1)
    period = None
    if day is not None:
        pattern.check_day(day)
    if day is not None and calendar is not None:
        start = calendar.first(day)
        period = calendar.label(start)
        # A fiscal year may begin in one century and end in the next.
        first, after = max(first, start), min(after, calendar.after(start))
    return Span(period, start_of(first, zone), start_of(after, zone))


@lru_cache(maxsize=1024)
def _counter(spec: NumberingSpec, scope: Scope, period: str | None) -> AsyncSequence:
    name = counter_name(spec.name, scope, period)
    queue = counter_name(spec.name, scope, None)
    return spec._sequence_called(name, queue)


def _names(scope: object) -> tuple[str, ...]:
    """The names for the argument ``scope``."""
    if isinstance(scope, str) or not isinstance(scope, Iterable):
        raise InvalidSequence("scope", f"must be a list of names, not {scope!r}")
    names = tuple(scope)
    for name in names:
        check_name(name)
    return tuple(sorted(set(names)))
