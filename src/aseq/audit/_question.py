"""What an audit was asked: checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from aseq._columns import ColumnName, column_name
from aseq._core.arithmetic import fits
from aseq._core.spec import SequenceSpec
from aseq._core.table import TableName
from aseq._sql import condition
from aseq.errors import InvalidSequence
from aseq.numbering._spec import NumberingSpec

from ._grid import Grid
from ._ledger import beside

ByTable: TypeAlias = dict[TableName, ColumnName]


@dataclass(frozen=True, slots=True)
class Question:
    """The arguments of `audit`.

    Attributes:
        what: the sequence or the numbering that gives the numbers.
        columns: where they are.
        scopes: by the names of scopes, the columns that tell them, by their tables.
        voids: the columns with the reason, by their tables.
        dates: the columns with the date, by their tables.
        where: for each column, which rows count.
        grid: the numbers that may be there.
        limit: how many findings of a kind are listed.
        has_ledger: the last column is a ledger's.
    """

    what: SequenceSpec | NumberingSpec
    columns: tuple[ColumnName, ...]
    scopes: dict[str, ByTable]
    voids: ByTable
    dates: ByTable
    where: tuple[str | None, ...]
    grid: Grid
    limit: int
    has_ledger: bool = False

    @property
    def subject(self) -> SequenceSpec:
        """What errors speak of: the sequence, or one that is called as the numbering."""
        what = self.what
        return what if isinstance(what, SequenceSpec) else what.counter((), None)


def question(
    columns: object,
    what: object,
    *,
    scope: object,
    void: object,
    date: object,
    where: object,
    first: object,
    limit: object,
    ledger: object = None,
) -> Question:
    """The question that the arguments of `audit` ask.

    Raises:
        InvalidSequence: one of them can't work.
    """
    if not isinstance(what, SequenceSpec | NumberingSpec):
        raise InvalidSequence("what", f"must be an AsyncSequence or a Numbering, not {what!r}")
    if isinstance(what, SequenceSpec) and what.reset_value is not None:
        raise InvalidSequence("what", "loops, so its numbers are repeated: nothing to audit")
    if abs(what.step) >= 2**63:
        raise InvalidSequence("what", "has a step that is too large")
    named = tuple(column_name(column) for column in _several(columns, "column"))
    if len(set(named)) < len(named):
        raise InvalidSequence("column", "names a column twice")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise InvalidSequence("limit", f"must be an integer of at least 1, not {limit!r}")
    asked = Question(
        what=what,
        columns=named,
        scopes=_scopes(scope, what, named),
        voids=_by_table(void, "void", named),
        dates=_by_table(date, "date", named),
        where=_conditions(where, named),
        grid=_grid(what, first),
        limit=limit,
    )
    return asked if ledger is None else _with_ledger(asked, ledger)


def _with_ledger(asked: Question, ledger: object) -> Question:
    if asked.scopes:
        raise InvalidSequence(
            "ledger", "can't be told scopes by columns: bind the numbering to each instead"
        )
    number, reason, where = beside(ledger, asked.what, asked.columns)
    if number.table in {column.table for column in asked.columns}:
        raise InvalidSequence("ledger", f"is the table of {number.table}'s own column, too")
    return replace(
        asked,
        columns=(*asked.columns, number),
        voids={**asked.voids, reason.table: reason},
        where=(*asked.where, where),
        has_ledger=True,
    )


def _several(value: object, argument: str) -> Sequence[object]:
    if isinstance(value, list):
        if not value:
            raise InvalidSequence(argument, "is an empty list")
        return value
    return [value]


def _by_table(columns: object, argument: str, numbers: Sequence[ColumnName]) -> ByTable:
    if columns is None:
        return {}
    found: ByTable = {}
    for column in _several(columns, argument):
        named = column_name(column, argument)
        if named.table not in {number.table for number in numbers}:
            raise InvalidSequence(argument, f"{named} is in none of the tables with numbers")
        if named.table in found:
            raise InvalidSequence(argument, f"names two columns of {named.table}")
        found[named.table] = named
    return found


def _scopes(
    scope: object, what: SequenceSpec | NumberingSpec, numbers: Sequence[ColumnName]
) -> dict[str, ByTable]:
    if scope is None:
        scope = {}
    if not isinstance(scope, Mapping):
        example = '{"tenant": Invoice.tenant_id}'
        raise InvalidSequence(
            "scope", f"must be a dict of columns, such as {example}, not {scope!r}"
        )
    names = what.scopes if isinstance(what, NumberingSpec) else ()
    for name in scope:
        if name not in names:
            known = ", ".join(names) or "none"
            raise InvalidSequence("scope", f"has {name!r}, but {what.name!r} has {known}")
    found = {name: _by_table(scope[name], "scope", numbers) for name in sorted(scope)}
    for name, columns in found.items():
        missing = {number.table for number in numbers} - set(columns)
        if missing:
            raise InvalidSequence("scope", f"names no {name} for {min(map(str, missing))}")
    if isinstance(what, NumberingSpec):
        untold = {*what.scopes} - {*what.bound, *what._pattern.scopes, *found}
        if untold:
            raise InvalidSequence("scope", _untold(min(untold)))
    return found


def _untold(name: str) -> str:
    return (
        f"must name the column with the {name}, which isn't printed: "
        f"scope={{{name!r}: ...}}; or bind the numbering to one"
    )


def _conditions(where: object, numbers: Sequence[ColumnName]) -> tuple[str | None, ...]:
    texts = where if isinstance(where, list) else [where] * len(numbers)
    if len(texts) != len(numbers):
        problem = f"has {len(texts)} conditions for {len(numbers)} columns"
        raise InvalidSequence("where", problem)
    return tuple(map(condition, texts))


def _grid(spec: SequenceSpec | NumberingSpec, first: object) -> Grid:
    if first is None:
        return Grid(spec.initial_value, spec.step)
    grid = Grid(spec.initial_value, spec.step)
    if not isinstance(first, int) or isinstance(first, bool) or not fits(first):
        raise InvalidSequence("first", f"must be an integer, not {first!r}")
    if not grid.has(first):
        raise InvalidSequence("first", f"must be a value of the sequence: {first} isn't")
    return Grid(first, spec.step)
