"""The audit, as a plan: what to ask, and in which order, to be right while others issue.

One statement reads the counter and the totals. If these fit together, that is all. If not,
what is missing or repeated is looked for at or below the counter that was read: all numbers
up to there were committed by then, or their transaction wouldn't have let the next one draw.
A number that lies beyond the counter is looked at again in a statement that reads the
counter, too: by then it may have been given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from aseq._core.statement import Row
from aseq._core.table import TableName
from aseq._sql import Plan
from aseq.adapters.base import ConnectionInfo

from ._fingerprint import Fingerprint, P, blocks_of
from ._look import sources
from ._postgresql import POSTGRESQL
from ._question import Question
from ._source import Sources
from ._sqlite import SQLITE
from ._statements import Statements
from ._texts import integer
from .findings import (
    OutOfOrder,
    Outside,
    Range,
    Repeated,
    RowKey,
    SeriesAudit,
    Totals,
    Unreadable,
    Void,
)
from .result import Audit

TEXTS = {"postgresql": POSTGRESQL, "sqlite": SQLITE}

Keys = tuple[int, int]


def audit(question: Question, info: ConnectionInfo, keys: Keys) -> Plan[Audit]:
    """Audit one series.

    Args:
        question: what to look at.
        info: the connection.
        keys: two random numbers of 62 bits, for the fingerprint.
    """
    texts = TEXTS[info.dialect.name]
    spec = question.spec
    found = yield from sources(question, info, texts)
    counters = info.locate(TableName.parse(spec.table))
    ask = Statements(texts, found, counters, spec.name, question.grid, question.limit)
    totals = _Totals.read((yield ask.totals(keys))[0])
    series = yield from _series(ask, totals, keys)
    where = [text for text in question.where if text]
    return Audit(
        what=spec.name,
        columns=tuple(map(str, question.columns)),
        where="; ".join(dict.fromkeys(where)) or None,
        at=totals.at,
        drafts=totals.drafts,
        series=(series,),
        limit=question.limit,
    )


class _Totals(NamedTuple):
    """The row that answers `Statements.totals`."""

    at: str
    counter: int | None
    rows: int
    drafts: int
    unreadable: int
    voids: int
    least: int | None
    greatest: int | None
    on_step: int
    proof: int
    dates: tuple[str, str] | None

    @classmethod
    def read(cls, row: Row) -> _Totals:
        at, *numbers, since, until = row
        values: list[Any] = list(map(integer, numbers))
        dates = None if since is None else (str(since), str(until))
        return cls(str(at), *values, dates)  # type: ignore[call-arg]


def _number(value: object) -> int:
    return integer(value) or 0


def _series(ask: Statements, totals: _Totals, keys: Keys) -> Plan[SeriesAudit]:
    first, last = totals.least, totals.greatest
    if ask.grid.step < 0:
        first, last = last, first
    series = SeriesAudit(
        name=ask.name,
        rows=totals.rows,
        first=first,
        last=last,
        counter=totals.counter,
        totals=Totals(unreadable=totals.unreadable, voids=totals.voids),
        dates=totals.dates,
    )
    outside = _strays(ask, totals)
    if outside:
        series = yield from _outside(ask, series)
    expected = _expected(ask, series)
    if expected is not None and not (
        not outside and (yield from _complete(ask, totals, expected, keys))
    ):
        series = yield from _holes(ask, series, expected)
    if expected is not None and ask.sources.has_dates:
        series = yield from _out_of_order(ask, series, expected)
    if totals.voids:
        series = yield from _voids(ask, series)
    if totals.unreadable:
        series = yield from _unreadable(ask, series)
    return series


def _strays(ask: Statements, totals: _Totals) -> bool:
    """Whether some rows have a number that isn't one of the sequence's."""
    if totals.least is None or totals.greatest is None:
        return False
    grid = ask.grid
    begin, end = totals.least, totals.greatest
    if grid.step < 0:
        begin, end = end, begin
    before = (begin - grid.first) * grid.step < 0
    beyond = totals.counter is not None and (end - totals.counter) * grid.step > 0
    return before or beyond or totals.on_step < totals.rows - totals.unreadable


def _expected(ask: Statements, series: SeriesAudit) -> Range | None:
    """The numbers that should be there: up to the counter, or else to the last one."""
    last = series.counter
    if last is None:
        last = series.last
    return None if last is None else ask.grid.between(ask.grid.first, _on_step(ask, last))


def _on_step(ask: Statements, last: int) -> int:
    """The last number of the sequence that isn't beyond another number."""
    grid = ask.grid
    return grid.first + (last - grid.first) // grid.step * grid.step


def _complete(ask: Statements, totals: _Totals, expected: Range, keys: Keys) -> Plan[bool]:
    """Whether the rows have each number once."""
    if totals.on_step != expected.count:
        return False
    if ask.texts.hashes is None:
        return totals.proof == expected.count
    positions = ask.grid.positions(expected)
    blocks = blocks_of(positions)
    rows = yield ask.hashes(blocks.start, blocks.stop - 1, keys)
    parts: tuple[dict[int, int], dict[int, int]] = {}, {}
    for part, place, value in rows:
        parts[_number(part)][_number(place)] = _number(value)
    return totals.proof % P == Fingerprint(*parts).of(positions)


def _outside(ask: Statements, series: SeriesAudit) -> Plan[SeriesAudit]:
    (_, counter, count, *_), *rows = yield ask.outside()
    listed = [
        Outside(_number(number), cast("Any", why), _row(ask.sources, key))
        for _, number, why, *key in rows
    ]
    return replace(
        series,
        counter=integer(counter),
        outside=tuple(listed),
        totals=replace(series.totals, outside=_number(count)),
    )


def _holes(ask: Statements, series: SeriesAudit, expected: Range) -> Plan[SeriesAudit]:
    grid = ask.grid
    if not series.rows:
        return _missing(series, [expected], expected.count)
    (_, least, greatest, inner, repeated), *rows = yield ask.holes(
        expected.first, expected.last
    )
    if least is None:
        return _missing(series, [expected], expected.count)
    begin, end = sorted((_number(least), _number(greatest)), reverse=grid.step < 0)
    edges = (
        grid.between(expected.first, begin - grid.step),
        grid.between(end + grid.step, expected.last),
    )
    holes = [grid.gap(_number(n), _number(m)) for kind, n, m, *_ in rows if _number(kind) == 1]
    ranges = [found for found in (edges[0], *holes, edges[1]) if found is not None]
    total = _number(inner) // grid.width + sum(
        found.count for found in edges if found is not None
    )
    series = _missing(series, ranges[: ask.limit], total)
    doubles = {_number(n): _number(count) for kind, n, count, *_ in rows if _number(kind) == 2}
    return (yield from _repeated(ask, series, doubles, _number(repeated)))


def _missing(series: SeriesAudit, ranges: Sequence[Range], total: int) -> SeriesAudit:
    return replace(series, missing=tuple(ranges), totals=replace(series.totals, missing=total))


def _repeated(
    ask: Statements, series: SeriesAudit, counts: dict[int, int], total: int
) -> Plan[SeriesAudit]:
    if not counts:
        return series
    rows: dict[int, list[RowKey]] = {number: [] for number in counts}
    for number, _, *key in (yield ask.rows_of(list(counts))):
        rows[_number(number)].append(_row(ask.sources, key))
    listed = [Repeated(n, count, tuple(rows[n])) for n, count in counts.items()]
    return replace(
        series, repeated=tuple(listed), totals=replace(series.totals, repeated=total)
    )


def _out_of_order(ask: Statements, series: SeriesAudit, expected: Range) -> Plan[SeriesAudit]:
    (_, total, *_), *found = yield ask.out_of_order(expected.first, expected.last)
    if not found:
        return series
    keys: dict[tuple[int, str], RowKey] = {}
    for number, date, *key in (yield ask.rows_of([_number(row[1]) for row in found])):
        keys.setdefault((_number(number), str(date)), _row(ask.sources, key))
    listed = []
    for _, number, before, date, was in found:
        row = keys.get((_number(number), str(date)), RowKey(ask.sources[0].label, ()))
        listed.append(OutOfOrder(_number(number), str(date), _number(before), str(was), row))
    return replace(
        series,
        out_of_order=tuple(listed),
        totals=replace(series.totals, out_of_order=_number(total)),
    )


def _voids(ask: Statements, series: SeriesAudit) -> Plan[SeriesAudit]:
    rows = yield ask.voids()
    voids = [Void(_number(n), str(v), _row(ask.sources, key)) for n, v, *key in rows]
    return replace(series, voids=tuple(voids))


def _unreadable(ask: Statements, series: SeriesAudit) -> Plan[SeriesAudit]:
    rows = yield ask.unreadable()
    texts = [Unreadable(str(t), "not a number", _row(ask.sources, key)) for t, *key in rows]
    return replace(series, unreadable=tuple(texts))


def _row(sources: Sources, columns: Sequence[object]) -> RowKey:
    place, *key = columns
    source = sources[_number(place)]
    return RowKey(source.label, tuple(map(str, key[: len(source.keys)])))
