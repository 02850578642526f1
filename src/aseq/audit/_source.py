"""The rows that an audit reads: for each column of numbers, what is asked of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aseq._core.table import TableName
from aseq._sql import quoted, quoted_table


@dataclass(frozen=True, slots=True)
class Source:
    """One table, and what an audit reads in it. All but the names are SQL.

    Attributes:
        table: where it is on this connection.
        label: what the caller calls it.
        number: the number, a bigint; NULL if there is none, or it can't be read.
        text: what the column holds, if it isn't an integer anyway.
        void: the column with the reason, if there is one.
        date: the column with the date, if there is one.
        where: which rows count, if not all.
        keys: the names of its primary key's columns.
    """

    table: TableName
    label: str
    number: str
    text: str | None
    void: str | None
    date: str | None
    where: str | None
    keys: tuple[str, ...]


# A flag says "no" in some way; anything else that is there is a reason.
_REASON = (
    "CASE WHEN CAST({0} AS text) NOT IN ('', '0', 'f', 'false') THEN CAST({0} AS text) END"
)


class Sources:
    """All of them, as one relation.

    Its columns: ``s`` the source's place, ``n`` the number, ``t`` what the column holds (NULL
    only in drafts), ``v`` the reason why it is void, ``d`` the date, ``k0`` and so on the
    primary key as texts. Columns that nobody asks for cost nothing.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._width = max(len(source.keys) for source in sources)
        self._as_text = any(source.text is not None for source in sources)

    def __getitem__(self, place: int) -> Source:
        return self._sources[place]

    @property
    def readable(self) -> bool:
        """Whether all numbers are integers, so that none can be unreadable."""
        return not self._as_text

    @property
    def key(self) -> str:
        """The columns of the primary keys, after a comma each."""
        return "".join(f", k{i}" for i in range(self._width))

    @property
    def has_dates(self) -> bool:
        """Whether the caller named a column of dates."""
        return any(source.date is not None for source in self._sources)

    @property
    def relation(self) -> str:
        """The relation, for a FROM."""
        return "(" + " UNION ALL ".join(map(self._select, range(len(self._sources)))) + ") r"

    def _select(self, place: int) -> str:
        source = self._sources[place]
        text = f"CAST({source.text or source.number} AS text)"
        columns = {
            "s": str(place),
            "n": source.number,
            "t": text if self._as_text else source.number,
            "v": _REASON.format(source.void) if source.void else "CAST(NULL AS text)",
            "d": source.date or "NULL",
        }
        for i in range(self._width):
            key = quoted(source.keys[i]) if i < len(source.keys) else "NULL"
            columns[f"k{i}"] = f"CAST({key} AS text)"
        # On a line of its own: it may end in a comment.
        where = f" WHERE (\n{source.where}\n)" if source.where else ""
        selected = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        return f"SELECT {selected} FROM {quoted_table(source.table)}{where}"
