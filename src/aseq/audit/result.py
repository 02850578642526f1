"""The result of an audit: what was looked at, when, and what was found in each series."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ._plain import plain
from ._words import kinds, series_lines
from .series import SeriesAudit

VERSION = 1
_QUIET = 20
"""How many series without findings are printed."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found. Printed, it answers an accountant's questions.

    Attributes:
        what: the name of the sequence or numbering.
        columns: where its numbers were looked for.
        where: which rows were looked at, in SQL; None if all were.
        at: when the counters were read, by the database's clock, in UTC (ISO 8601).
        drafts: rows without a number. They aren't findings.
        series: the series that were found, by name.
        limit: how many findings of each kind are listed at most.
    """

    what: str
    columns: tuple[str, ...]
    where: str | None
    at: str
    drafts: int
    series: tuple[SeriesAudit, ...]
    limit: int

    @property
    def ok(self) -> bool:
        """Whether nothing was found in any series."""
        return all(series.ok for series in self.series)

    def __str__(self) -> str:
        found = [series for series in self.series if not series.ok]
        fine = [series for series in self.series if series.ok]
        lines = [self._verdict(found), self._scene(), ""]
        for series in (*found, *fine[:_QUIET]):
            lines += series_lines(series)
        if len(fine) > _QUIET:
            lines.append(f"{len(fine) - _QUIET:,} more series without findings")
        return "\n".join(lines)

    def _verdict(self, found: list[SeriesAudit]) -> str:
        if not found:
            return f"{self.what}: ok, nothing is missing and nothing is repeated"
        told = ", ".join(kinds(found))
        if len(self.series) == 1:
            return f"{self.what}: not ok: {told}"
        return f"{self.what}: not ok: {told}, in {len(found):,} of {len(self.series):,} series"

    def _scene(self) -> str:
        count = sum(series.rows for series in self.series)
        rows = f"{count:,} {'row' if count == 1 else 'rows'}"
        where = f" where {self.where}" if self.where else ""
        drafts = f", and {self.drafts:,} without" if self.drafts else ""
        columns = ", ".join(self.columns)
        return f"as of {self.at}: {rows} with a number in {columns}{where}{drafts}"

    def to_json(self, *, indent: int | None = None) -> str:
        """The whole result as JSON, for other programs.

        ``version`` is 1. It grows when a key changes its meaning or goes away; new keys
        don't change it.

        Args:
            indent: how many spaces to indent by; None writes one line.

        Returns:
            the text. Numbers are numbers in it, however large; dates are texts.
        """
        content = {"version": VERSION, "ok": self.ok, **plain(self)}
        return json.dumps(content, indent=indent, ensure_ascii=False)
