"""The results of all series, while what is wrong in them is being looked for.

A series is known by its place among them. Lists have up to the limit of findings for all
series together, so that they stay as short however many series there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from ._details import Details
from ._grid import Grid
from ._pick import Pick
from ._tally import Tally
from ._texts import integer
from .findings import RowKey
from .series import SeriesAudit

BATCH = 25_000
"""About how many series one statement asks."""


@dataclass
class Search:
    """All series, and what was found of them so far.

    Attributes:
        ask: what questions need.
        tallies: of each series.
        found: the result for each.
    """

    ask: Details
    tallies: Sequence[Tally]
    found: list[SeriesAudit]

    @property
    def grid(self) -> Grid:
        """The numbers that there may be."""
        return self.ask.numbers.grid

    def expected(self, i: int) -> Pick | None:
        """Those rows of a series that have a number which should be there."""
        numbers = self.tallies[i].expected(self.grid)
        if numbers is None:
            return None
        low, high = sorted((numbers.first, numbers.last))
        return Pick(i, self.tallies[i].groups, low, high)

    def note(self, i: int, **totals: int) -> None:
        """Set totals of a series."""
        series = self.found[i]
        self.found[i] = replace(series, totals=replace(series.totals, **totals))

    def change(self, i: int, **changes: object) -> None:
        """Set attributes of a series."""
        self.found[i] = replace(self.found[i], **cast("Any", changes))

    def list(self, kind: str, findings: Mapping[int, Sequence[object]]) -> None:
        """Set what is listed of a kind, by the places of the series."""
        for i, listed in findings.items():
            self.change(i, **{kind: tuple(listed)})

    def row(self, columns: Iterable[object]) -> RowKey:
        """Which row it is, from its source and key."""
        place, *key = columns
        source = self.ask.sources[number(place)]
        return RowKey(source.label, tuple(map(str, key[: len(source.keys)])))


def number(value: object) -> int:
    """A number, however the connection gives it."""
    return integer(value) or 0


def batches(places: Sequence[int]) -> Iterator[Sequence[int]]:
    """The places in parts: what is asked about a part must not fill the memory."""
    for start in range(0, len(places), BATCH):
        yield places[start : start + BATCH]
