"""Several sequences, as errors speak of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_SHOWN = 3


class Subject(NamedTuple):
    """One or several of them.

    Attributes:
        name: the name, or their names.
        table: as they call it.
        require_transaction: whether any of them does.
        series: the name of each sequence and numbering, if that isn't `name`.
    """

    name: str
    table: str
    require_transaction: bool = True
    series: tuple[str, ...] = ()

    @property
    def _series(self) -> tuple[str, ...]:
        return self.series or (self.name,)


def some_names(names: Sequence[str]) -> str:
    """Names for an error: the first few, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
