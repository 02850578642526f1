"""What gets numbers, and from whom: the caller's columns, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from aseq._columns import ColumnName, column_name, direction, primary_key
from aseq._core.table import TableName
from aseq._sequence import AsyncSequence
from aseq.errors import InvalidSequence
from aseq.numbering._spec import NumberingSpec

from ._book import Book, book

What: TypeAlias = AsyncSequence | NumberingSpec

_NO_MOMENT = "is for the numbers of a Numbering: those of a sequence have no date"


@dataclass(frozen=True, slots=True)
class Target:
    """The column that gets numbers, and the columns beside it. All are of one table.

    Attributes:
        what: gives the numbers.
        number: the column that gets them.
        key: the name of the column that tells the rows apart.
        scopes: the scopes that differ from row to row, and the names of their columns, in
            the order of the scopes' names.
        at_from: the name of the column with the moment that a number is of, if there is one.
        at_column: the name of the column that gets that moment, if there is one.
        ledger: what notes the numbers, if there is one.
    """

    what: What
    number: ColumnName
    key: str
    scopes: tuple[tuple[str, str], ...] = ()
    at_from: str | None = None
    at_column: str | None = None
    ledger: Book | None = None

    @property
    def table(self) -> TableName:
        """The table, as the caller calls it."""
        return self.number.table

    def columns(self) -> tuple[str, ...]:
        """The names of all columns that are read or written, each once."""
        names = [self.key, self.number.name, *(name for _, name in self.scopes)]
        names += [name for name in (self.at_from, self.at_column) if name is not None]
        return tuple(dict.fromkeys(names))


def target(
    what: object,
    column: object,
    *,
    key: object = None,
    scope: object = None,
    at_from: object = None,
    at_column: object = None,
    ledger: object = None,
    by: object = None,
    note: object = None,
) -> Target:
    """The target that the arguments of a verb name.

    Args:
        what: an `AsyncSequence` or a `Numbering`.
        column: the column that gets the numbers, in any shape that `aseq._columns` knows.
        key: the column that tells the rows apart; by default the model's primary key.
        scope: for each scope that isn't bound, the column that has it.
        at_from: the column with the moment that a number is of.
        at_column: the column that gets the moment.
        ledger: a `Ledger` that notes the numbers.
        by: who numbers the rows, for the ledger.
        note: anything, for the ledger.

    Raises:
        InvalidSequence: one of them can't work.
    """
    if not isinstance(what, AsyncSequence | NumberingSpec):
        raise InvalidSequence("what", f"must be an AsyncSequence or a Numbering, not {what!r}")
    number = column_name(column)
    found = Target(
        what,
        number,
        _key(key, column, number),
        _scopes(what, scope, number.table),
        _moment(what, at_from, "at_from", number.table),
        _moment(what, at_column, "at_column", number.table),
        book(ledger, by, note, loops=_loops(what)),
    )
    if found.at_column in (number.name, found.key):
        raise InvalidSequence("at_column", f"must be a column of its own, not {at_column!r}")
    return found


def _loops(what: What) -> bool:
    return isinstance(what, AsyncSequence) and what._cycle is not None


def beside(value: object, argument: str, table: TableName) -> str:
    """The name of another column of the same table.

    Raises:
        InvalidSequence: it is no column, or one of another table.
    """
    if isinstance(value, str) and "." not in value and value and "\0" not in value:
        return value
    named = column_name(value, argument)
    if named.table != table:
        raise InvalidSequence(argument, f"must be a column of {table}, not {named}")
    return named.name


def sorting(order_by: object, table: TableName) -> tuple[tuple[str, bool], ...]:
    """The names of the columns to sort by, and whether downwards, for ``order_by``.

    Raises:
        InvalidSequence: one is no column of the table.
    """
    if order_by is None:
        return ()
    each = order_by if isinstance(order_by, list) else [order_by]
    found = []
    for one in each:
        column, down = direction(one)
        found.append((beside(column, "order_by", table), down))
    return tuple(found)


def _key(key: object, column: object, number: ColumnName) -> str:
    if key is not None:
        name = beside(key, "key", number.table)
    else:
        found = primary_key(column)
        if found is None:
            raise InvalidSequence(
                "key",
                f"is needed: the column that tells the rows of {number.table} apart, such as "
                "their primary key",
            )
        name = found.name
    if name == number.name:
        raise InvalidSequence("key", "must be another column than the one that gets numbers")
    return name


def _scopes(what: What, scope: object, table: TableName) -> tuple[tuple[str, str], ...]:
    columns = {} if scope is None else scope
    if not isinstance(columns, Mapping):
        raise InvalidSequence(
            "scope", f'must name a column for each scope, as {{"tenant": ...}}, not {scope!r}'
        )
    wanted = [] if isinstance(what, AsyncSequence) else _unbound(what)
    for name in columns:
        if name not in wanted:
            known = ", ".join(wanted) or "none"
            raise InvalidSequence(
                "scope", f"has {name!r}, which is no scope that needs a column: {known}"
            )
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise InvalidSequence(
            "scope",
            f"has no column for {missing[0]!r}: name it, as {{{missing[0]!r}: ...}}, or bind "
            f"the numbering to one value, with .bind({missing[0]}=...)",
        )
    return tuple((name, beside(columns[name], "scope", table)) for name in wanted)


def _unbound(numbering: NumberingSpec) -> list[str]:
    return [name for name in numbering.scopes if name not in numbering.bound]


def _moment(what: What, column: object, argument: str, table: TableName) -> str | None:
    if column is None:
        return None
    if isinstance(what, AsyncSequence):
        raise InvalidSequence(argument, _NO_MOMENT)
    return beside(column, argument, table)
