"""What was found, in words: the same on the page, in a mail from cron and in a failed test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .findings import (
    OutOfOrder,
    Outside,
    Range,
    Repeated,
    RowKey,
    Unreadable,
    Void,
)
from .series import SeriesAudit, Totals

LISTED = 10
"""How many findings of a kind are printed. The attributes have them all, up to the limit."""

_WHY = {
    "before": "before the first value",
    "beyond": "beyond the counter",
    "off_step": "not on the step",
}


UNCOUNTED = "no counter of this name: nothing says how far the numbers should go"


class Kind(NamedTuple):
    """A kind of finding.

    Attributes:
        word: as it is called.
        total: how many there are.
        items: those that are listed.
        text: one of them, in words.
    """

    word: str
    total: Callable[[Totals], int]
    items: Callable[[SeriesAudit], Sequence[Any]]
    text: Callable[[Any], str]

    def listed(self, series: SeriesAudit) -> list[tuple[int, str]]:
        """Those that are listed, in words, and for how many numbers or rows each stands."""
        return [(_count(item), self.text(item)) for item in self.items(series)]


def _count(item: object) -> int:
    return item.count if isinstance(item, Range) else 1


def _range(found: Range) -> str:
    return str(found.first) if found.count == 1 else f"{found.first} to {found.last}"


def _row(row: RowKey) -> str:
    return " ".join((row.table, "/".join(row.key))).rstrip()


def _repeated(found: Repeated) -> str:
    rows = ", ".join(map(_row, found.rows))
    more = found.count - len(found.rows)
    rows += f" and {more:,} more" if rows and more else ""
    return f"{found.number} in {found.count:,} rows" + (f" ({rows})" if rows else "")


def _outside(found: Outside) -> str:
    row = _row(found.row)
    return f"{found.number} ({_WHY[found.why]}{'; ' if row else ''}{row})"


def _unreadable(found: Unreadable) -> str:
    return f"{found.text!r} ({found.why}; {_row(found.row)})"


def _out_of_order(found: OutOfOrder) -> str:
    return (
        f"{found.number} is of {found.date}, but {found.previous} of {found.previous_date} "
        f"({_row(found.row)})"
    )


def _void(found: Void) -> str:
    return f"{found.number} ({found.reason}; {_row(found.row)})"


FINDINGS = (
    Kind("missing", lambda t: t.missing, lambda s: s.missing, _range),
    Kind("repeated", lambda t: t.repeated, lambda s: s.repeated, _repeated),
    Kind("outside", lambda t: t.outside, lambda s: s.outside, _outside),
    Kind("unreadable", lambda t: t.unreadable, lambda s: s.unreadable, _unreadable),
    Kind("out of order", lambda t: t.out_of_order, lambda s: s.out_of_order, _out_of_order),
)
VOID = Kind("void", lambda t: t.voids, lambda s: s.voids, _void)


def kinds(found: Iterable[SeriesAudit]) -> Iterator[str]:
    """The totals of some series together: "3 missing", "1 repeated"."""
    found = list(found)
    for kind in FINDINGS:
        total = sum(kind.total(series.totals) for series in found)
        if total:
            yield f"{total:,} {kind.word}"
    uncounted = sum(series.uncounted for series in found)
    if uncounted:
        yield f"{uncounted:,} without a counter"


def series_lines(series: SeriesAudit) -> Iterator[str]:
    """One series, and under it a line for each kind of finding."""
    yield f"{series.name}: {'; '.join(facts(series))}"
    yield from finding_lines(series)


def facts(series: SeriesAudit) -> Iterator[str]:
    """What there is to say of a series, whether something was found or not."""
    yield f"{series.rows:,} {'row' if series.rows == 1 else 'rows'}"
    if series.first is not None:
        yield f"numbers {series.first} to {series.last}"
    if series.counter is not None:
        yield f"counter at {series.counter}"
    if series.dates is not None:
        yield "dates {} to {}".format(*series.dates)
    if series.ok:
        yield "ok"


def finding_lines(series: SeriesAudit) -> Iterator[str]:
    """A line for each kind: how many, and the first of them."""
    for kind in (*FINDINGS, VOID):
        total = kind.total(series.totals)
        if total:
            yield f"  {total:,} {kind.word}: {_some(kind, series)}"
    if series.uncounted:
        yield f"  {UNCOUNTED}"


def _some(kind: Kind, series: SeriesAudit) -> str:
    listed = kind.listed(series)[:LISTED]
    more = kind.total(series.totals) - sum(count for count, _ in listed)
    return ", ".join(text for _, text in listed) + (f" and {more:,} more" if more else "")
