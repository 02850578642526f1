"""The series of a numbering: one for each scope and period that is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aseq._sql import Binds
from aseq.errors import InvalidSequence
from aseq.numbering._parts import Part, Reading
from aseq.numbering._scope import Scope, counter_name, escaped, fill
from aseq.numbering._spec import NumberingSpec

from ._membership import Group


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
        self.scopes = tuple(columns)
        self.parts: tuple[Part, ...] = numbering._pattern.parts if texts else ()
        self._numbering = numbering

    def counters(self, column: str, bind: Binds) -> str:
        """As `Series.counters`."""
        name = escaped(self.name)
        return (
            f"({column} = {bind(name)} OR "
            f"substr({column}, 1, {len(name) + 1}) = CAST({bind(name + '/')} AS text))"
        )

    def has(self, counter: str) -> bool:
        """As `Series.has`: a name like its counters', of a scope that isn't another."""
        numbering = self._numbering
        series, *parts = counter.split("/")
        if series != escaped(self.name) or not all(parts):
            return False
        for scope in numbering.scopes:
            name, _, value = parts.pop(0).partition("=") if parts else ("", "", "")
            bound = numbering.bound.get(scope)
            if name != scope or not value or bound not in (None, _unescaped(value)):
                return False
        return len(parts) == (numbering._pattern.calendar is not None) and "=" not in "".join(
            parts
        )

    def counter_of(self, group: Group) -> str | None:
        """As `Series.counter_of`."""
        head, tail = self._around(group)
        reading = Reading(f"{head}1{tail}")
        for part in self.parts:
            part.read(reading)
        if self.parts and reading.at < len(reading.text):
            raise reading.refused("the end")
        told = dict(zip(self.scopes, self._values(group), strict=True))
        scope = self._scope({**reading.scope, **told})
        if scope is None:
            return None
        return counter_name(self.name, scope, self._period(reading) if self.parts else None)

    def _around(self, group: Group) -> tuple[str, str]:
        """What stands before the number, and behind it."""
        around = group[: len(group) - len(self.scopes)]
        return "".join(around[:1]), "".join(around[1:])

    def _values(self, group: Group) -> Group:
        return group[len(group) - len(self.scopes) :]

    def _scope(self, told: Mapping[str, str]) -> Scope | None:
        """All scopes with their values; None if one is bound to another value."""
        bound = self._numbering._bound
        if any(told.get(name, value) != value for name, value in bound):
            return None
        others = {name: value for name, value in told.items() if name not in dict(bound)}
        return fill(self._numbering.scopes, bound, others)

    def _period(self, reading: Reading) -> str | None:
        pattern = self._numbering._pattern
        first, calendar = pattern.first_day(reading), pattern.calendar
        return calendar.label(first) if calendar is not None and first is not None else None

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
        if not self.parts:
            return "not a number"
        told = dict(zip(self.scopes, scopes, strict=True))
        bound = self._numbering.bound
        free = {name: value for name, value in told.items() if name not in bound}
        try:
            self._numbering.parse(text, **free)
        except InvalidSequence as exc:
            mine = exc.argument == "text"
            return exc.problem.removeprefix(f"{text!r} ") if mine else str(exc)
        return None


def _unescaped(value: str) -> str:
    return value.replace("%3D", "=").replace("%2F", "/").replace("%25", "%")
