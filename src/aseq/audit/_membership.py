"""What tells the series of a row, and which counter gives its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from aseq._core.spec import SequenceSpec
from aseq._sql import Binds
from aseq.numbering._parts import Part

Group: TypeAlias = tuple[str, ...]
"""What rows of one series have in common: the values of the columns that tell it."""


class Series(Protocol):
    """The series that one sequence or numbering has.

    Attributes:
        name: of the sequence or numbering.
        parts: of the pattern that texts are split by; empty if columns hold numbers alone.
        scopes: which scopes are told by columns, in the order in which groups have them.
    """

    @property
    def name(self) -> str: ...

    @property
    def parts(self) -> Sequence[Part]: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...

    def counters(self, column: str, bind: Binds) -> str:
        """A condition that the names of all its counters meet, and maybe others."""
        ...

    def has(self, counter: str, /) -> bool:
        """Whether a counter is one of its own."""
        ...

    def counter_of(self, group: Group, /) -> str | None:
        """The name of the counter of a group; None if it is none of what was asked about.

        Raises:
            InvalidSequence: its texts can't be read.
        """
        ...

    @property
    def has_checks(self) -> bool:
        """Whether texts have check digits, which can be wrong."""
        ...

    def is_misprinted(self, text: str, /) -> bool:
        """Whether a text of a known group has a wrong check digit."""
        ...

    def problem(self, text: str, scopes: Group, /) -> str | None:
        """Why a text isn't a number of the series; None if it is one."""
        ...


class OneSeries:
    """That of a sequence: all rows are of it."""

    parts: Sequence[Part] = ()
    scopes: tuple[str, ...] = ()

    def __init__(self, spec: SequenceSpec) -> None:
        self.name = spec.name

    def counters(self, column: str, bind: Binds) -> str:
        """As `Series.counters`."""
        return f"{column} = {bind(self.name)}"

    def has(self, counter: str) -> bool:
        """As `Series.has`."""
        return counter == self.name

    def counter_of(self, _group: Group) -> str:
        """As `Series.counter_of`."""
        return self.name

    @property
    def has_checks(self) -> bool:
        """As `Series.has_checks`."""
        return False

    def is_misprinted(self, _text: str) -> bool:
        """As `Series.is_misprinted`."""
        return False

    def problem(self, _text: str, _scopes: Group) -> str:
        """As `Series.problem`: only what is no number is asked about."""
        return "not a number"
