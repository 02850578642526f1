"""Numbers that stand in a column, read with the columns that tell their scopes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import NamedTuple

from aseq._columns import ColumnName, column_name
from aseq._core.failure import Code
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq.errors import InvalidSequence


class Select(NamedTuple):
    """Columns of a table, as a plan asks for them; in the place of a `Statement`.

    Their names may be any, also such as a template would take for something else.
    """

    table: TableName
    columns: tuple[str, ...]
    timeout: float | None = None
    queues: bool = False
    nothing_on: frozenset[Code] = frozenset()
    reads: bool = True

    def render(
        self, quote: str, paramstyle: Paramstyle, table: TableName, _inside: str = ""
    ) -> tuple[str, tuple[Bind, ...]]:
        """The text as one kind of driver takes it."""

        def quoted(name: str) -> str:
            return quote + name.replace(quote, quote * 2) + quote

        parts = (table.name,) if table.schema is None else (table.schema, table.name)
        columns = ", ".join(map(quoted, self.columns))
        text = f"SELECT {columns} FROM {'.'.join(map(quoted, parts))}"  # noqa: S608  # quoted
        return text.replace("%", "%%") if paramstyle == "format" else text, ()


class Source(NamedTuple):
    """Where numbers are.

    Attributes:
        column: the column with their texts.
        scopes: the columns with the scopes that differ from row to row.
        given: the scopes that are the same for all of them.
    """

    column: ColumnName
    scopes: Mapping[str, ColumnName]
    given: Mapping[str, object]

    def plan(self) -> Generator[Select, Sequence[Row], Sequence[Row]]:
        """Read the column, and those of the scopes."""
        names = (self.column.name, *(column.name for column in self.scopes.values()))
        rows = yield Select(self.column.table, names)
        return rows


def is_texts(source: object) -> bool:
    """Whether a source is the texts themselves, and not a column."""
    with suppress(InvalidSequence):
        column_name(source)
        return False
    return isinstance(source, Iterable) and not isinstance(source, str)


def source_of(column: object, scopes: Mapping[str, object]) -> Source:
    """The source for a column and for scopes that are columns beside it, or values.

    Raises:
        InvalidSequence: it isn't a column, or one of the scopes is in another table.
    """
    place = column_name(column)
    beside = {name: column_name(v, name) for name, v in scopes.items() if _is_column(v, place)}
    for name, other in beside.items():
        if other.table != place.table:
            raise InvalidSequence(name, f"must be a column of {place.table}, not {other}")
    given = {name: value for name, value in scopes.items() if name not in beside}
    return Source(place, beside, given)


def _is_column(value: object, beside: ColumnName) -> bool:
    if isinstance(value, str):  # a value, unless it names this very table
        return value.startswith(f"{beside.table}.") and value != f"{beside.table}."
    return not isinstance(value, int | Enum)
