"""What is missing, and what is repeated: both show in how far a number is from the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aseq._sql import MATERIALIZED, NUMERIC, SELECT, Binds, Plan, Query

from . import _pick
from ._details import NO_NUMBER, Details
from ._pick import Pick
from ._search import Search, batches, number
from ._tally import consumed
from .findings import Range, Repeated, RowKey


def find_holes(search: Search, places: Sequence[int]) -> Plan[None]:
    """What is missing, and what is repeated."""
    limit, left = search.ask.limit, search.ask.limit
    doubles: dict[int, list[int]] = {}
    for part in batches(places):
        picks = [p for i in part if search.tallies[i].rows and (p := search.expected(i))]
        search.ask.steps.begin("looking for holes")
        seen = _Seen(limit - sum(map(len, doubles.values())), doubles)
        for row in consumed((yield _question(search.ask, picks)) if picks else ()):
            seen.take(search, *map(number, row))
        for i in part:
            ranges = _missing(search, i, seen)[:left]
            left -= len(ranges)
            if ranges:
                search.change(i, missing=tuple(ranges))
    if doubles:
        yield from _name_rows(search, doubles)


@dataclass
class _Seen:
    """What one statement told.

    Attributes:
        left: how many repeated numbers may still be listed.
        doubles: those that are, by the places of their series.
        spans: the least and the greatest number of each series, and how far the holes
            between these two reach.
        inner: these holes, as far as they are listed.
    """

    left: int
    doubles: dict[int, list[int]]
    spans: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    inner: dict[int, list[Range]] = field(default_factory=dict)

    def take(
        self, search: Search, kind: int, i: int, n: int, other: int, reach: int, repeated: int
    ) -> None:
        """A row of the answer."""
        if kind == 0:
            self.spans[i] = n, other, reach
            if repeated:
                search.note(i, repeated=repeated)
        elif kind == 1:
            hole = search.grid.gap(n, other)
            self.inner.setdefault(i, []).extend([hole] if hole else [])
        elif self.left > 0:
            self.left -= 1
            self.doubles.setdefault(i, []).append(n)


def _missing(search: Search, i: int, seen: _Seen) -> list[Range]:
    """The ranges that are missing in a series, and note how many numbers that is."""
    grid, expected = search.grid, search.tallies[i].expected(search.grid)
    if expected is None:
        return []
    if i not in seen.spans:  # no row has one of these numbers
        search.note(i, missing=expected.count)
        return [expected]
    least, greatest, reach = seen.spans[i]
    begin, end = sorted((least, greatest), reverse=grid.step < 0)
    before = grid.between(expected.first, begin - grid.step)
    behind = grid.between(end + grid.step, expected.last)
    edges = sum(part.count for part in (before, behind) if part is not None)
    if total := reach // grid.width + edges:
        search.note(i, missing=total)
    return [part for part in (before, *seen.inner.get(i, ()), behind) if part is not None]


def _name_rows(search: Search, doubles: dict[int, list[int]]) -> Plan[None]:
    """List repeated numbers with the rows that have them."""
    picks = [
        (i, search.tallies[i].groups, n) for i, numbers in doubles.items() for n in numbers
    ]
    search.ask.steps.begin("looking up rows with repeated numbers")
    rows: dict[tuple[int, int], list[RowKey]] = {}
    counts: dict[tuple[int, int], int] = {}
    for i, n, count, _, *row in (yield search.ask.rows_of(picks)):
        place = number(i), number(n)
        counts[place] = number(count)
        rows.setdefault(place, []).append(search.row(row))
    for i, numbers in doubles.items():
        # Since they were found, somebody may have corrected them.
        still = [n for n in numbers if counts.get((i, n), 0) > 1]
        gone = len(numbers) - len(still)
        search.note(i, repeated=search.found[i].totals.repeated - gone)
        listed = [Repeated(n, counts[i, n], tuple(rows[i, n])) for n in still]
        search.change(i, repeated=tuple(listed))


_TWO_MORE = f"{NO_NUMBER} AS a, {NO_NUMBER} AS b"


def _question(ask: Details, picks: Iterable[Pick]) -> Query:
    """What is missing or repeated between two numbers of each series.

    First a row for each series that has rows between the two: 0, its place, the least and the
    greatest number that rows have, how far the holes between these two reach, in all, how
    many numbers are repeated. Then a row for each hole: 1, the place of its series, the
    numbers before and after it; and for each repeated number: 2, the place, the number.

    Rows are sorted once, and not grouped before: that would sort or hash them all once more.
    """
    bind = Binds()
    rows = _pick.within(ask.sources, ask.texts, picks, bind)
    step, down, jumps = ask.numbers.grid.width, ask.numbers.descending, ask.numbers.jumps
    text = (
        f"WITH neighbours AS (SELECT i, n, lead(n) OVER w AS next, lag(n) OVER w AS earlier "
        f"FROM {rows} WHERE {ask.numbers.on_step} "
        f"WINDOW w AS (PARTITION BY i ORDER BY n{down})), "
        # Of the rows with the same number, the first one stands for the number.
        f"found AS {MATERIALIZED} (SELECT i, n, next FROM neighbours WHERE next IS NULL "
        f"OR earlier IS NULL OR {jumps} OR (next = n AND earlier <> n)) "
        f"{SELECT} 0, i, min(n), max(n), "
        f"sum(CASE WHEN {jumps} THEN abs(CAST(next AS {NUMERIC}) - n) - {step} END), "
        f"count(CASE WHEN next = n THEN 1 END) FROM found GROUP BY i "
        f"UNION ALL SELECT * FROM (SELECT 1, i, n, next, {_TWO_MORE} FROM found "
        f"WHERE {jumps} ORDER BY i, n{down} LIMIT {ask.limit}) h "
        f"UNION ALL SELECT * FROM (SELECT 2, i, n, {NO_NUMBER} AS c, {_TWO_MORE} FROM found "
        f"WHERE next = n ORDER BY i, n{down} LIMIT {ask.limit}) t"
    )
    return ask.query(text, bind)
