"""The first question of an audit: all counters, and with them the totals of each group.

One statement asks it, so the counters are of the same moment as the rows. It reads the rows
once and sorts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from aseq._core.statement import Row
from aseq._core.table import TableName
from aseq._sql import BIGINT, MATERIALIZED, TEXT, Binds, Query, named_table

from ._membership import Group
from ._numbers import Numbers, bigint
from ._source import Sources
from ._texts import Texts, integer

MOST_GROUPS = 250_000
"""Of how many an audit keeps the totals in memory."""

_INTEGERS = 7


class GroupTotals(NamedTuple):
    """What rows with the same head, tail and scopes are, in all.

    Attributes:
        group: what they have in common.
        texts: how many there are, without drafts.
        numbers: how many of them have a number.
        voids: how many of these are void.
        least: the least number.
        greatest: the greatest one.
        on_step: how many numbers are on the step.
        proof: what these add up to, or how many different ones there are.
        dates: the earliest and the latest date.
    """

    group: Group
    texts: int
    numbers: int
    voids: int
    least: int | None
    greatest: int | None
    on_step: int
    proof: int
    dates: tuple[str, str] | None


class Heading(NamedTuple):
    """What isn't of one series.

    Attributes:
        at: when the statement began.
        drafts: rows without a number.
        stray: rows whose text is of no series.
    """

    at: str
    drafts: int
    stray: int


@dataclass(frozen=True)
class TotalsQuestion:
    """How to ask for them, and how to read the answer.

    Attributes:
        texts: of the database.
        sources: where the numbers are.
        counters: the table of sequences, on this connection.
        numbers: those that the sequence gives.
    """

    texts: Texts
    sources: Sources
    counters: TableName
    numbers: Numbers

    def query(self, keys: tuple[int, int]) -> Query:
        """The statement.

        Args:
            keys: two random numbers, for the fingerprint.
        """
        bind = Binds()
        group = self.sources.group
        columns = "".join(f"{name}, " for name in group)
        nothing = f"CAST(NULL AS {TEXT}), " * len(group)
        told = f"CASE WHEN {self.sources.well_formed(bind)} THEN 1 ELSE 0 END"
        text = (
            f"WITH grouped AS ({self._grouped(keys, bind)}), "
            f"judged AS {MATERIALIZED} (SELECT {told} AS fits, g.* FROM grouped g) "
            f"SELECT 0, {nothing}{_HEADING}, {self.texts.now}, "
            f"CAST(NULL AS {TEXT}) FROM judged "
            f"UNION ALL SELECT 1, {nothing}last, {'NULL, ' * (_INTEGERS - 1)}"
            f"CAST(name AS {TEXT}), NULL FROM {named_table(self.counters)} "
            f"WHERE {self.sources.series.counters('name', bind)} "
            f"UNION ALL SELECT * FROM (SELECT 2, {columns}{_SUMS}, since, until "
            f"FROM judged WHERE fits = 1 LIMIT {MOST_GROUPS + 1}) l"
        )
        return Query(text, tuple(bind.values), self.counters, self.texts.words)

    def _grouped(self, keys: tuple[int, int], bind: Binds) -> str:
        on_step = self.numbers.on_step
        stepped = "n" if self.numbers.grid.width == 1 else f"CASE WHEN {on_step} THEN n END"
        since, until = (
            (self.texts.date.format("min(d)"), self.texts.date.format("max(d)"))
            if self.sources.has_dates
            else (f"CAST(NULL AS {TEXT})", f"CAST(NULL AS {TEXT})")
        )
        group = ", ".join(self.sources.group)
        return (
            f"SELECT {group + ', ' if group else ''}count(*) AS rows_, count(t) AS texts, "
            f"count(n) AS numbers, count(CASE WHEN n IS NOT NULL THEN v END) AS voids, "
            f"min(n) AS least, max(n) AS greatest, count({stepped}) AS on_step, "
            f"{self._proof(stepped, keys, bind)} AS proof, {since} AS since, {until} AS until "
            f"FROM {self.sources.relation(bind)}{' GROUP BY ' + group if group else ''}"
        )

    def _proof(self, stepped: str, keys: tuple[int, int], bind: Binds) -> str:
        if self.texts.fingerprint is None:
            return f"count(DISTINCT {stepped})"
        low, high = (bigint(key, bind) for key in keys)
        told = self.texts.fingerprint(self.numbers.position, low, high)
        return told if stepped == "n" else f"{told} FILTER (WHERE {self.numbers.on_step})"

    def hashes(self, first: int, last: int, keys: tuple[int, int]) -> Query:
        """The hashes that the fingerprint of a range is made of.

        A row each: 0 for the lower part of a position or 1 for the upper, that part, its hash.

        Args:
            first: the first block.
            last: the last one.
            keys: of the hash function.
        """
        assert self.texts.hashes is not None  # noqa: S101  # there is a fingerprint
        bind = Binds()
        text = self.texts.hashes(*(bigint(value, bind) for value in (first, last, *keys)))
        return Query(text, tuple(bind.values), self.counters, self.texts.words)

    def heading(self, row: Row) -> Heading:
        """What the row says that is about no series."""
        width = len(self.sources.group)
        rows, texts, stray = (integer(value) or 0 for value in row[1 + width : 4 + width])
        return Heading(str(row[-2]), rows - texts, stray)

    def counter(self, row: Row) -> tuple[str, int]:
        """The name of a counter, and the last number that it gave."""
        return str(row[-2]), integer(row[1 + len(self.sources.group)]) or 0

    def group(self, row: Row) -> GroupTotals:
        """The totals of a group."""
        width = len(self.sources.group)
        group = tuple(map(str, row[1 : 1 + width]))
        texts, numbers, voids, least, greatest, on_step, proof = map(
            integer, row[1 + width : 1 + width + _INTEGERS]
        )
        dates = None if row[-2] is None else (str(row[-2]), str(row[-1]))
        return GroupTotals(
            group, texts or 0, numbers or 0, voids or 0, least, greatest, on_step or 0,
            proof or 0, dates,
        )  # fmt: skip


_HEADING = (
    f"CAST(sum(rows_) AS {BIGINT}), CAST(sum(texts) AS {BIGINT}), "
    f"CAST(sum(CASE WHEN fits = 0 THEN texts END) AS {BIGINT}), "
    + ", ".join([f"CAST(NULL AS {BIGINT})"] * 4)
)
_SUMS = "texts, numbers, voids, least, greatest, on_step, proof"
