"""What all questions about details have in common.

Each is one statement, in SQL that every database of ours understands, and none needs the
snapshot of another. What a question about details calls missing or repeated lies at or below
the counter that an earlier statement saw; the numbers up to there were all committed by then,
so it makes no difference what others issue meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aseq._core.table import TableName
from aseq._sql import BIGINT, TEXT, Binds, Query

from . import _pick
from ._membership import Group
from ._numbers import Numbers
from ._source import Sources
from ._texts import Texts
from .progress import Steps

ROWS_OF_A_NUMBER = 10
"""How many rows of a repeated number are named."""

NO_NUMBER, NO_TEXT = f"CAST(NULL AS {BIGINT})", f"CAST(NULL AS {TEXT})"


@dataclass(frozen=True)
class Details:
    """What to ask about some series. Rows are ordered by the series, as `Pick` numbers them.

    Attributes:
        texts: of the database.
        sources: where the numbers are.
        counters: the table of sequences, on this connection.
        numbers: those that the sequence gives.
        limit: how many findings of a kind to list.
        steps: is told of each question before it is asked.
    """

    texts: Texts
    sources: Sources
    counters: TableName
    numbers: Numbers
    limit: int
    steps: Steps

    @property
    def row(self) -> str:
        """The columns that tell which row it is, separated by commas: its source and key."""
        return ", ".join(("s", *self.sources.keys))

    def date(self, column: str) -> str:
        """A date as a text."""
        return self.texts.date.format(column) if self.sources.has_dates else NO_TEXT

    def query(self, text: str, bind: Binds) -> Query:
        """A statement."""
        said = self.texts.begins + text
        return Query(said, tuple(bind.values), self.counters, self.texts.words)

    def rows_of(self, picks: Iterable[tuple[int, Sequence[Group], int]]) -> Query:
        """The first rows that have some numbers, in the numbers' order.

        A row each: the place of its series, the number, how many rows have it, its date, its
        source and key.

        Args:
            picks: numbers: the places and groups of their series, and they themselves.
        """
        bind = Binds()
        rows = _pick.having(self.sources, self.texts, picks, bind)
        text = (
            f"SELECT i, n, c, d, {self.row} FROM (SELECT i, n, {self.date('d')} AS d, "
            f"{self.row}, count(*) OVER (PARTITION BY i, n) AS c, "
            f"row_number() OVER (PARTITION BY i, n ORDER BY {self.row}) AS place "
            f"FROM {rows}) x WHERE place <= {ROWS_OF_A_NUMBER} ORDER BY i, n, place"
        )
        return self.query(text, bind)
