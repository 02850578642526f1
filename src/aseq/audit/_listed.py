"""What was found, one finding a line: for scripts and mails, where nothing may be cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ._words import FINDINGS, UNCOUNTED, VOID, Kind, facts
from .result import Audit
from .series import SeriesAudit


class Line(NamedTuple):
    """One finding.

    Attributes:
        series: whose.
        kind: in a word: "missing".
        what: the number, or the numbers, and the row.
    """

    series: str
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{_flat(self.series)}: {self.kind}: {_flat(self.what)}"


def head(audit: Audit) -> list[str]:
    """The verdict, and what was looked at: two lines."""
    return str(audit).partition("\n\n")[0].splitlines()


def listed(audit: Audit) -> Iterator[Line]:
    """Everything that is listed, series by series; those without findings in one line each."""
    for series in audit.series:
        if series.ok:
            yield Line(series.name, "ok", "; ".join(list(facts(series))[:-1]))
        for kind in (*FINDINGS, VOID):
            yield from _of_kind(series, kind)
        if series.uncounted:
            yield Line(series.name, "without a counter", UNCOUNTED)


def _of_kind(series: SeriesAudit, kind: Kind) -> Iterator[Line]:
    told = 0
    for count, text in kind.listed(series):
        told += count
        yield Line(series.name, kind.word, text)
    more = kind.total(series.totals) - told
    if more:
        yield Line(series.name, kind.word, f"{more:,} more that aren't listed (--limit)")


def _flat(text: str) -> str:
    """On one line, whatever the name of a sequence or a reason has in it."""
    return text if text.isprintable() else repr(text)[1:-1]
