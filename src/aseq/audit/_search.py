"""The search for what is wrong in those series of which the totals say that something is.

What is found goes into the results, which are kept in the order of the series' names; a
series is known by its place among them. Lists have up to the limit of findings for all
series together, so that they stay as short however many series there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from aseq._sql import Plan

from ._details import Details
from ._grid import Grid
from ._membership import Group
from ._pick import Pick
from ._tally import Tally, consumed
from ._texts import integer
from .findings import OutOfOrder, Outside, Range, Repeated, RowKey, Unreadable, Void
from .series import SeriesAudit

BATCH = 25_000
"""About how many series one statement asks."""

_ALL = (-(2**63), 2**63 - 1)


@dataclass
class Search:
    """All series, and what was found of them so far.

    Attributes:
        ask: the questions.
        tallies: of each series.
        found: the result for each.
    """

    ask: Details
    tallies: Sequence[Tally]
    found: list[SeriesAudit]

    @property
    def _grid(self) -> Grid:
        return self.ask.numbers.grid

    def outside(self, places: Sequence[int]) -> Plan[None]:
        """Rows whose number the counter hasn't given; the counter is read once more."""
        left = self.ask.limit
        for part in _batches(places):
            picks = ((i, self.tallies[i].groups, self.found[i].name) for i in part)
            self.ask.steps.begin("looking at numbers outside of the counters")
            query = self.ask.outside(picks)
            listed: dict[int, list[Outside]] = {}
            for kind, i, number, why, *key in consumed((yield query)):
                place = _number(i)
                if _number(kind) == 0:
                    counter = self.tallies[place].counter = integer(number)
                    self._note(place, {"counter": counter}, outside=_number(why))
                elif left > 0:
                    left -= 1
                    found = Outside(_number(number), cast("Any", why), self._row(key))
                    listed.setdefault(place, []).append(found)
            for place, parts in listed.items():
                self.found[place] = replace(self.found[place], outside=tuple(parts))

    def holes(self, places: Sequence[int]) -> Plan[None]:
        """What is missing, and what is repeated."""
        left = self.ask.limit
        doubles: dict[int, dict[int, int]] = {}
        for part in _batches(places):
            left -= yield from self._holes(part, left, doubles)
        yield from self._repeated(doubles)

    def _holes(
        self, places: Sequence[int], limit: int, doubles: dict[int, dict[int, int]]
    ) -> Plan[int]:
        """Those of some series; how many are listed. Repeated numbers go to `doubles`."""
        picks = [p for i in places if self.tallies[i].rows and (p := self._expected(i))]
        spans: dict[int, tuple[int, int, int]] = {}
        inner: dict[int, list[Range | None]] = {}
        left = self.ask.limit - sum(map(len, doubles.values()))
        self.ask.steps.begin("looking for holes")
        for kind, i, number, *more in consumed((yield self.ask.holes(picks)) if picks else ()):
            place = _number(i)
            if _number(kind) == 0:
                spans[place] = _number(number), _number(more[0]), _number(more[1])
                if _number(more[2]):
                    self._note(place, {}, repeated=_number(more[2]))
            elif _number(kind) == 1:
                hole = self._grid.gap(_number(number), _number(more[0]))
                inner.setdefault(place, []).append(hole)
            elif left > 0:
                left -= 1
                doubles.setdefault(place, {})[_number(number)] = _number(more[0])
        listed = 0
        for i in places:
            expected = self.tallies[i].expected(self._grid)
            if expected is not None:
                ranges = self._missing(i, expected, spans.get(i), inner.get(i, []))
                ranges = ranges[: max(0, limit - listed)]
                listed += len(ranges)
                if ranges:
                    self.found[i] = replace(self.found[i], missing=tuple(ranges))
        return listed

    def _missing(
        self,
        i: int,
        expected: Range,
        span: tuple[int, int, int] | None,
        inner: Sequence[Range | None],
    ) -> Sequence[Range]:
        """The ranges that are missing, and note how many numbers that is.

        Args:
            i: the place of the series.
            expected: the numbers that there should be.
            span: the least and the greatest of them that rows have, and how far the holes
                between these two reach; None if no row has one.
            inner: these holes, as far as they are listed.
        """
        grid = self._grid
        if span is None:
            self._note(i, {}, missing=expected.count)
            return [expected]
        begin, end = sorted(span[:2], reverse=grid.step < 0)
        before = grid.between(expected.first, begin - grid.step)
        behind = grid.between(end + grid.step, expected.last)
        edges = sum(part.count for part in (before, behind) if part is not None)
        total = span[2] // grid.width + edges
        if total:
            self._note(i, {}, missing=total)
        return [part for part in (before, *inner, behind) if part is not None]

    def _repeated(self, doubles: dict[int, dict[int, int]]) -> Plan[None]:
        picks = [
            (i, self.tallies[i].groups, n) for i, counts in doubles.items() for n in counts
        ]
        if not picks:
            return
        self.ask.steps.begin("looking up rows with repeated numbers")
        rows: dict[tuple[int, int], list[RowKey]] = {}
        for i, number, _, *key in (yield self.ask.rows_of(picks)):
            rows.setdefault((_number(i), _number(number)), []).append(self._row(key))
        for i, counts in doubles.items():
            listed = [Repeated(n, c, tuple(rows.get((i, n), ()))) for n, c in counts.items()]
            self.found[i] = replace(self.found[i], repeated=tuple(listed))

    def out_of_order(self) -> Plan[None]:
        """Dates that run against the numbers."""
        places = [i for i, tally in enumerate(self.tallies) if tally.rows > 1]
        left = self.ask.limit
        found: list[tuple[int, int, int, str, str]] = []
        for part in _batches(places):
            picks = [pick for i in part if (pick := self._expected(i))]
            self.ask.steps.begin("comparing dates")
            rows = (yield self.ask.out_of_order(picks)) if picks else ()
            for kind, i, n, before, date, was in rows:
                if not _number(kind):
                    self._note(_number(i), {}, out_of_order=_number(n))
                elif len(found) < left:
                    row = (_number(i), _number(n), _number(before), str(date), str(was))
                    found.append(row)
        if found:
            yield from self._dated(found)

    def _dated(self, found: Sequence[tuple[int, int, int, str, str]]) -> Plan[None]:
        """Look up the rows of numbers that are out of order, and list them."""
        keys: dict[tuple[int, int, str], RowKey] = {}
        asked = dict.fromkeys((row[0], row[1]) for row in found)
        self.ask.steps.begin("looking up rows with dates out of order")
        of = yield self.ask.rows_of([(i, self.tallies[i].groups, n) for i, n in asked])
        for place, n, d, *key in of:
            keys.setdefault((_number(place), _number(n), str(d)), self._row(key))
        listed: dict[int, list[OutOfOrder]] = {}
        for i, number, before, date, was in found:
            row = keys.get((i, number, date), RowKey(self.ask.sources[0].label, ()))
            part = OutOfOrder(number, date, before, was, row)
            listed.setdefault(i, []).append(part)
        for i, parts in listed.items():
            self.found[i] = replace(self.found[i], out_of_order=tuple(parts))

    def voids(self) -> Plan[None]:
        """Rows that were made void: in as many series as are needed to fill the list."""
        picks: list[Pick] = []
        due = self.ask.limit
        for i, tally in enumerate(self.tallies):
            if tally.voids and due > 0:
                picks.append(Pick(i, tally.groups, *_ALL))
                due -= tally.voids
        if not picks:
            return
        self.ask.steps.begin("looking up voids")
        listed: dict[int, list[Void]] = {}
        for place, number, reason, *key in (yield self.ask.voids(picks)):
            part = Void(_number(number), str(reason), self._row(key))
            listed.setdefault(_number(place), []).append(part)
        for i, parts in listed.items():
            self.found[i] = replace(self.found[i], voids=tuple(parts))

    def unreadable(
        self, place: int, refused: Sequence[Group], misprinted: Sequence[str]
    ) -> Plan[None]:
        """Rows whose text can't be read. They belong to no series but to that of the name."""
        sources = self.ask.sources
        width = 1 + len(sources.keys)
        listed = []
        self.ask.steps.begin("looking up what can't be read")
        rows = yield self.ask.unreadable(refused[: self.ask.limit], misprinted)
        for text, *more in rows:
            key, scopes = more[:width], more[width:]
            why = self._why(str(text), scopes)
            if why is not None:
                listed.append(Unreadable(str(text), why, self._row(key)))
        self.found[place] = replace(self.found[place], unreadable=tuple(listed))

    def _why(self, text: str, scopes: Sequence[object]) -> str | None:
        series = self.ask.sources.series
        for name, value in zip(series.scopes, scopes, strict=True):
            if value is None:
                return f"{name} is NULL in its row"
        return series.problem(text, tuple(map(str, scopes)))

    def _expected(self, i: int) -> Pick | None:
        """Those rows of a series that have a number which should be there."""
        numbers = self.tallies[i].expected(self._grid)
        if numbers is None:
            return None
        low, high = sorted((numbers.first, numbers.last))
        return Pick(i, self.tallies[i].groups, low, high)

    def _note(self, i: int, changes: dict[str, object], **totals: int) -> None:
        series = self.found[i]
        noted = replace(series.totals, **totals)
        self.found[i] = replace(series, totals=noted, **cast("Any", changes))

    def _row(self, columns: Iterable[object]) -> RowKey:
        place, *key = columns
        source = self.ask.sources[_number(place)]
        return RowKey(source.label, tuple(map(str, key[: len(source.keys)])))


def _number(value: object) -> int:
    return integer(value) or 0


def _batches(places: Sequence[int]) -> Iterator[Sequence[int]]:
    """The places in parts: what is asked about a part must not fill the memory."""
    for start in range(0, len(places), BATCH):
        yield places[start : start + BATCH]
