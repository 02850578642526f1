"""The rows that an audit reads: for each column of numbers, what is asked of its table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aseq._core.table import TableName
from aseq._sql import TEXT, Binds, named, named_table

from ._membership import Group, Series
from ._split import Split


@dataclass(frozen=True, slots=True)
class Source:
    """One table, and what an audit reads in it. All but the names are SQL.

    Attributes:
        table: where it is on this connection.
        label: what the caller calls it.
        number: the number, a bigint; NULL if there is none, or it can't be read. Unused
            where texts are split.
        text: what the column holds, as a text, if it isn't an integer anyway.
        void: the column with the reason, if there is one.
        date: the column with the date, if there is one.
        where: which rows count, if not all.
        keys: the names of its primary key's columns.
        scopes: the columns that tell scopes, as texts.
        bound: for some of these, the only value that is asked about.
    """

    table: TableName
    label: str
    number: str
    text: str | None
    void: str | None
    date: str | None
    where: str | None
    keys: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    bound: tuple[tuple[str, str], ...] = ()


FEW = 100
"""Up to how many values a condition lists."""

# A flag says "no" in some way; anything else that is there is a reason.
_REASON = (
    f"CASE WHEN CAST({{0}} AS {TEXT}) NOT IN ('', '0', 'f', 'false') "
    f"THEN CAST({{0}} AS {TEXT}) END"
)


class Sources:
    """All of them, as one relation.

    Its columns: ``s`` the source's place, ``n`` the number, ``t`` what the column holds (NULL
    only in drafts), ``v`` the reason why it is void, ``d`` the date, ``k0`` and so on the
    primary key as texts, ``g0`` and so on what tells the series. Columns that nobody asks for
    cost nothing.

    Args:
        sources: the tables.
        series: what tells the series of a row.
        split: how texts are split, if they are.
    """

    def __init__(
        self, sources: Sequence[Source], series: Series, split: Split | None = None
    ) -> None:
        self._sources = tuple(sources)
        self.series, self._split = series, split
        self._width = max(len(source.keys) for source in sources)
        self._as_text = any(source.text is not None for source in sources)
        count = len(series.scopes) + (len(split.columns) if split else 0)
        self.group = tuple(f"g{i}" for i in range(count))

    def __getitem__(self, place: int) -> Source:
        return self._sources[place]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the primary keys."""
        return tuple(f"k{i}" for i in range(self._width))

    @property
    def has_dates(self) -> bool:
        """Whether the caller named a column of dates."""
        return any(source.date is not None for source in self._sources)

    @property
    def scopes(self) -> tuple[str, ...]:
        """Those columns of a group that tell scopes."""
        return self.group[len(self.group) - len(self.series.scopes) :]

    def well_formed(self, bind: Binds) -> str:
        """A condition on a group, which those that belong to no series don't meet."""
        told = [f"{column} IS NOT NULL" for column in self.scopes]
        if self._split is not None:
            told.insert(0, self._split.fits("g0", "g1", bind))
        return " AND ".join(told) or "1 = 1"

    def relation(self, bind: Binds, groups: Sequence[Group] | None = None) -> str:
        """The relation, for a FROM.

        Args:
            bind: of the query.
            groups: those that the query asks about, if not about all: if they are few, others
                are left out before their texts are split. Some may still be there.
        """
        places = range(len(self._sources))
        selects = (self._select(place, bind, groups or ()) for place in places)
        return "(" + " UNION ALL ".join(selects) + ") r"

    def _select(self, place: int, bind: Binds, groups: Sequence[Group]) -> str:
        source = self._sources[place]
        columns = {"s": str(place), **self._numbers(source), **self._beside(source)}
        scopes = {f"x{i}": sql for i, sql in enumerate(source.scopes)}
        rows = f"{_listed(columns | scopes)} FROM {named_table(source.table)}"
        told = [*_told(source, bind), *self._only(source, groups, bind)]
        rows += f" WHERE {' AND '.join(told)}" if told else ""
        group = list(scopes)
        if self._split is not None:
            group = [*self._split.columns, *group]
            rows = f"SELECT * FROM ({self._split.rows(rows, bind)}) f"
        renamed = "".join(f", {name} AS g{i}" for i, name in enumerate(group))
        names = ("s", "n", "t", "v", "d", *self.keys)
        return f"SELECT {', '.join(names)}{renamed} FROM ({rows}) f"

    def _only(self, source: Source, groups: Sequence[Group], bind: Binds) -> Iterator[str]:
        """Conditions that all rows of some groups meet, if these are few."""
        for i, column in enumerate(reversed(source.scopes), 1):
            values = sorted({group[-i] for group in groups})
            if 0 < len(values) <= FEW:
                yield f"{column} IN ({', '.join(map(bind, values))})"
        heads = {group[0] for group in groups} if self._split is not None else ()
        if 0 < len(heads) <= FEW:
            widths = sorted(set(map(len, heads)))
            yield (
                "("
                + " OR ".join(
                    f"substr({source.text}, 1, {width}) IN "
                    f"({', '.join(bind(head) for head in sorted(heads) if len(head) == width)})"
                    for width in widths
                )
                + ")"
            )

    def _numbers(self, source: Source) -> dict[str, str]:
        if self._split is not None:
            return {"t": str(source.text)}
        text = source.text or (
            f"CAST({source.number} AS {TEXT})" if self._as_text else source.number
        )
        return {"n": source.number, "t": text}

    def _beside(self, source: Source) -> dict[str, str]:
        columns = {
            "v": _REASON.format(source.void) if source.void else f"CAST(NULL AS {TEXT})",
            "d": source.date or "NULL",
        }
        for i, name in enumerate(self.keys):
            key = named(source.keys[i]) if i < len(source.keys) else "NULL"
            columns[name] = f"CAST({key} AS {TEXT})"
        return columns


def _listed(columns: dict[str, str]) -> str:
    return "SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _told(source: Source, bind: Binds) -> Iterator[str]:
    """What the caller said of the rows that count."""
    if source.where:  # on a line of its own: it may end in a comment
        yield f"(\n{source.where}\n)"
    for column, value in source.bound:
        yield f"{column} = {bind(value)}"
