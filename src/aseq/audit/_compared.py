"""Numbers that are all in memory, compared with those of a sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ._grid import Grid
from .findings import Outside, Range, Repeated, RowKey, Why
from .series import SeriesAudit, Totals

_NO_ROW = RowKey("", ())


def compared(numbers: Sequence[int], grid: Grid, last: int | None) -> SeriesAudit:
    """What is wrong with some numbers.

    Args:
        numbers: in any order.
        grid: those that there should be.
        last: the last one of these; None if it is the furthest that is there.
    """
    times = Counter(numbers)
    up = grid.step > 0
    ordered = sorted(times, reverse=not up)
    end = last if last is not None else _furthest(ordered, grid)
    why: dict[int, Why | None] = {number: _why(number, grid, end) for number in ordered}
    due = [number for number in ordered if why[number] is None]
    missing = _missing(due, grid, end)
    repeated = [Repeated(n, times[n], ()) for n in due if times[n] > 1]
    outside = [Outside(n, w, _NO_ROW) for n, w in why.items() if w for _ in range(times[n])]
    return SeriesAudit(
        name="",
        rows=len(numbers),
        first=ordered[0] if ordered else None,
        last=ordered[-1] if ordered else None,
        counter=end,
        missing=tuple(missing),
        repeated=tuple(repeated),
        outside=tuple(outside),
        totals=Totals(
            missing=sum(part.count for part in missing),
            repeated=len(repeated),
            outside=len(outside),
        ),
    )


def _furthest(ordered: Sequence[int], grid: Grid) -> int:
    """The last number that the sequence can have given, or what comes before its first."""
    before = grid.first - grid.step
    return next((n for n in reversed(ordered) if _why(n, grid, n) is None), before)


def _why(number: int, grid: Grid, last: int) -> Why | None:
    if (number - grid.first) * grid.step < 0:
        return "before"
    if not grid.has(number):
        return "off_step"
    return "beyond" if (number - last) * grid.step > 0 else None


def _missing(due: Sequence[int], grid: Grid, last: int) -> list[Range]:
    fences = [grid.first - grid.step, *due, grid.last_before(last) + grid.step]
    gaps = (grid.gap(before, after) for before, after in pairwise(fences))
    return [gap for gap in gaps if gap is not None]
