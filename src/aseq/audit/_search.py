"""The search for what is wrong in those series of which the totals say that something is.

What is found goes into the results, which are kept in the order of the series' names; a
series is known by its place among them. Lists have up to the limit of findings for all
series together, so that they stay as short however many series there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from aseq._sql import Plan

from ._details import Details
from ._grid import Grid
from ._membership import Group
from ._pick import Pick
from ._tally import Tally
from ._texts import integer
from .findings import OutOfOrder, Outside, Range, Repeated, RowKey, Unreadable, Void
from .series import SeriesAudit

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
        picks = [(i, self.tallies[i].groups, self.found[i].name) for i in places]
        self.ask.steps.begin("looking at numbers outside of the counters")
        rows = yield self.ask.outside(picks)
        listed: dict[int, list[Outside]] = {}
        for kind, i, number, why, *key in rows:
            place = _number(i)
            if _number(kind) == 0:
                counter = self.tallies[place].counter = integer(number)
                self._note(place, {"counter": counter}, outside=_number(why))
            else:
                part = Outside(_number(number), cast("Any", why), self._row(key))
                listed.setdefault(place, []).append(part)
        for place, parts in listed.items():
            self.found[place] = replace(self.found[place], outside=tuple(parts))

    def holes(self, places: Sequence[int]) -> Plan[None]:
        """What is missing, and what is repeated."""
        expected = {i: self.tallies[i].expected(self._grid) for i in places}
        picks = [
            self._pick(i, numbers)
            for i, numbers in expected.items()
            if numbers is not None and self.tallies[i].rows
        ]
        self.ask.steps.begin("looking for holes")
        rows = (yield self.ask.holes(picks)) if picks else ()
        spans: dict[int, list[object]] = {}
        inner: dict[int, list[Range | None]] = {}
        doubles: dict[int, dict[int, int]] = {}
        for kind, i, number, *more in rows:
            place = _number(i)
            if _number(kind) == 0:
                spans[place] = [number, *more]
            elif _number(kind) == 1:
                hole = self._grid.gap(_number(number), _number(more[0]))
                inner.setdefault(place, []).append(hole)
            else:
                doubles.setdefault(place, {})[_number(number)] = _number(more[0])
        left = self.ask.limit
        for i, numbers in expected.items():
            if numbers is not None:
                self._missing(i, numbers, spans.get(i), inner.get(i, []), left)
                left -= len(self.found[i].missing)
        yield from self._repeated(doubles)

    def _missing(
        self,
        i: int,
        expected: Range,
        span: Sequence[object] | None,
        inner: Sequence[Range | None],
        limit: int,
    ) -> None:
        grid, ranges, total = self._grid, [expected], expected.count
        if span is not None:
            least, greatest, reach, repeated = span
            begin, end = sorted((_number(least), _number(greatest)), reverse=grid.step < 0)
            edges = (
                grid.between(expected.first, begin - grid.step),
                grid.between(end + grid.step, expected.last),
            )
            parts = (edges[0], *inner, edges[1])
            ranges = [part for part in parts if part is not None]
            total = _number(reach) // grid.width + sum(e.count for e in edges if e is not None)
            self._note(i, {}, repeated=_number(repeated))
        self._note(i, {"missing": tuple(ranges[:limit])}, missing=total)

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
        expected = ((i, tally.expected(self._grid)) for i, tally in enumerate(self.tallies))
        picks = [
            self._pick(i, numbers)
            for i, numbers in expected
            if numbers is not None and self.tallies[i].rows > 1
        ]
        self.ask.steps.begin("comparing dates")
        rows = (yield self.ask.out_of_order(picks)) if picks else ()
        found = [
            (_number(i), _number(n), _number(before), str(date), str(was))
            for kind, i, n, before, date, was in rows
            if _number(kind)
        ]
        for kind, i, total, *_ in rows:
            if not _number(kind):
                self._note(_number(i), {}, out_of_order=_number(total))
        if not found:
            return
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

    def _pick(self, i: int, numbers: Range) -> Pick:
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
