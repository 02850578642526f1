"""The series of a numbering: one for each scope and period that is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from aseq._sql import TEXT, Binds
from aseq.errors import InvalidSequence
from aseq.numbering._parts import Part, Reading
from aseq.numbering._scope import Scope, counter_name, escaped, fill
from aseq.numbering._spec import NumberingSpec

from ._membership import Group

THE_DATE = "the date"
"""As a scope: the column that tells the period. It can't be the name of a real one."""


class Numbered:
    """As `Series`.

    Args:
        numbering: whose series they are. Scopes that are bound are the only ones asked about.
        columns: which scopes are told by columns.
        texts: whether columns hold the texts, or the numbers alone.
    """

    def __init__(
        self, numbering: NumberingSpec, columns: Sequence[str], *, texts: bool
    ) -> None:
        self.name = numbering.name
        self.parts: tuple[Part, ...] = numbering._pattern.parts if texts else ()
        self._numbering = numbering
        # Looked up once: there may be a hundred thousand series.
        self._calendar = numbering._pattern.calendar
        self._all_scopes, self._bound = numbering.scopes, numbering.bound
        self._first_part = escaped(self.name)
        dated = self._calendar is not None and not texts
        self.scopes = (*columns, THE_DATE) if dated else tuple(columns)

    def counters(self, column: str, bind: Binds) -> str:
        """As `Series.counters`."""
        name = self._first_part
        return (
            f"({column} = {bind(name)} OR "
            f"substr({column}, 1, {len(name) + 1}) = CAST({bind(name + '/')} AS {TEXT}))"
        )

    def has(self, counter: str) -> bool:
        """As `Series.has`: a name like its counters', of a scope that isn't another."""
        series, *parts = counter.split("/")
        scopes = self._all_scopes
        count = len(scopes) + (self._calendar is not None)
        if series != self._first_part or len(parts) != count or not all(parts):
            return False
        for scope, part in zip(scopes, parts, strict=False):
            name, _, value = part.partition("=")
            bound = self._bound.get(scope)
            if name != scope or not value or bound not in (None, _unescaped(value)):
                return False
        return "=" not in "".join(parts[len(scopes) :])

    def counter_of(self, group: Group) -> str | None:
        """As `Series.counter_of`."""
        told = dict(zip(self.scopes, self._values(group), strict=True))
        first = self._first_day_of(told.pop(THE_DATE, None))
        if self.parts:
            reading = self._read(group)
            told |= reading.scope
            first = self._numbering._pattern.first_day(reading)
        scope = self._scope(told)
        if scope is None:
            return None
        period = self._calendar.label(first) if self._calendar and first else None
        return counter_name(self.name, scope, period)

    @property
    def date_width(self) -> int:
        """How many characters of an ISO date tell the period: fewer make fewer groups."""
        spans = self._calendar.spans if self._calendar else ()
        return 4 if "year" in spans else 7 if "month" in spans else 10

    def _read(self, group: Group) -> Reading:
        """What the head and the tail of its texts say."""
        around = group[: len(group) - len(self.scopes)]
        reading = Reading(f"{around[0]}1{''.join(around[1:])}")
        for part in self.parts:
            part.read(reading)
        if reading.at < len(reading.text):
            raise reading.refused("the end")
        return reading

    def _first_day_of(self, told: str | None) -> date | None:
        """The first day of the period, from the part of a date that tells it."""
        if told is None or self._calendar is None:
            return None
        try:
            return self._calendar.first(date.fromisoformat(told + "-01-01"[len(told) - 4 :]))
        except (ValueError, OverflowError):
            problem = f"begins with {told!r} in its row, which tells no period"
            raise InvalidSequence(THE_DATE, problem) from None

    def _values(self, group: Group) -> Group:
        return group[len(group) - len(self.scopes) :]

    def _scope(self, told: Mapping[str, str]) -> Scope | None:
        """All scopes with their values; None if one is bound to another value."""
        bound = self._bound
        if not bound:
            return fill(self._all_scopes, (), told)
        if any(told.get(name, value) != value for name, value in bound.items()):
            return None
        others = {name: value for name, value in told.items() if name not in bound}
        return fill(self._all_scopes, self._numbering._bound, others)

    @property
    def has_checks(self) -> bool:
        """As `Series.has_checks`."""
        return bool(self.parts) and self._numbering.check is not None

    def is_misprinted(self, text: str) -> bool:
        """As `Series.is_misprinted`."""
        try:
            self._numbering._pattern.read(text)
        except InvalidSequence:
            return True
        return False

    def problem(self, text: str, scopes: Group) -> str | None:
        """As `Series.problem`. A check digit may be wrong, too."""
        told = dict(zip(self.scopes, scopes, strict=True))
        free = {name: value for name, value in told.items() if name not in self._bound}
        try:
            if not self.parts:
                self.counter_of(scopes)
                return "not a number"
            self._numbering.parse(text, **free)
        except InvalidSequence as exc:
            mine = exc.argument == "text"
            return exc.problem.removeprefix(f"{text!r} ") if mine else str(exc)
        return None


def _unescaped(value: str) -> str:
    return value.replace("%3D", "=").replace("%2F", "/").replace("%25", "%")
