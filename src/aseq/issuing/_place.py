"""A target on one connection: where its table is there, and what the catalogue says of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, cast

from aseq._core.dialects import Dialect
from aseq._core.scripts import NothingDrawn
from aseq._core.statement import Row
from aseq._core.table import TableName
from aseq._sequence import AsyncSequence
from aseq._sql import Binds, Plan, Query
from aseq._sql import named as quoted
from aseq._sql import named_table as quoted_table
from aseq.adapters.base import ConnectionInfo
from aseq.errors import InvalidSequence
from aseq.numbering._spec import NumberingSpec

from ._target import Target, What

Kind: TypeAlias = Literal["number", "text", "binary", "date", "moment", "naive", "any", "other"]
"""What a column holds, as far as it matters here. On SQLite it may be anything."""


class Column(NamedTuple):
    """What the catalogue says of a column.

    Attributes:
        type: its type in SQL, as a cast has it.
        kind: what it holds.
        in_index: the name of an index that begins with it, where that has to be said.
    """

    type: str
    kind: Kind
    in_index: str | None = None


class Catalogue(Protocol):
    """How one kind of database is asked about columns."""

    def look(self, table: TableName, columns: Sequence[str], bind: Binds) -> str:
        """What to ask: a row for each column that is there, or one without if none is."""
        ...

    def facts(self, columns: Sequence[str], rows: Sequence[Row]) -> Mapping[str, Column] | None:
        """What the answer says of each column that is there; None without the table."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A target on one connection.

    Attributes:
        target: what the caller named.
        what: gives the numbers, in the table that the connection's project has.
        located: the table, where it is on the connection.
        columns: what the catalogue says of the target's columns.
        dialect: of the connection.
        ledger: where the ledger is on the connection, if there is one.
    """

    target: Target
    what: What
    located: TableName
    columns: Mapping[str, Column]
    dialect: Dialect
    ledger: TableName | None = None

    @property
    def table(self) -> str:
        """The table, quoted."""
        return quoted_table(self.located)

    @property
    def counters(self) -> TableName:
        """The table of the sequences."""
        return TableName.parse(self.what.table)

    @property
    def key(self) -> str:
        """The column with the keys, quoted."""
        return quoted(self.target.key)

    @property
    def number(self) -> str:
        """The column with the numbers, quoted."""
        return quoted(self.target.number.name)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The columns with the scopes, quoted."""
        return tuple(quoted(column) for _, column in self.target.scopes)

    def kind(self, name: str) -> Kind:
        """What one of the target's columns holds."""
        return self.columns[name].kind


def adapted(what: What, info: ConnectionInfo) -> What:
    """A sequence or a numbering as the connection's project has it."""
    if isinstance(what, AsyncSequence):
        return cast("AsyncSequence", info.adapt(what))
    table = info.adapt(what.counter((), None)).table
    if table == what.table:
        return what
    twin: NumberingSpec = copy.copy(what)
    twin._set("table", table)
    return twin


def look(
    target: Target, info: ConnectionInfo, catalogue: Catalogue, others: Sequence[str] = ()
) -> Plan[Place]:
    """Look the target's columns up.

    Args:
        target: what the caller named.
        info: the connection.
        catalogue: how it is asked.
        others: names of other columns that must be there.

    Raises:
        NothingDrawn: a table or a column isn't there, or can't hold what it should.
    """
    what, located, bind = adapted(target.what, info), info.locate(target.table), Binds()
    ledger = None
    if target.ledger is not None:
        ledger = info.locate(target.ledger.table)
    names = tuple(dict.fromkeys((*target.columns(), *others)))
    text = catalogue.look(located, names, bind)
    rows = yield Query(text, tuple(bind.values), TableName.parse(what.table))
    found = catalogue.facts(names, rows)
    if found is None:
        raise _wrong("column", f"can't be {target.number}: there is no table {located}")
    for name in names:
        if name not in found:
            argument = _argument(target, name)
            problem = f"can't be {name}: {target.table} has no such column"
            raise _wrong(argument, problem + (_BIND if argument == "scope" else ""))
    _check(target, found)
    return Place(target, what, located, found, info.dialect, ledger)


_BIND = ". (If it is the value of all rows, bind the numbering to it: .bind(...))"
_HAS_ZONE = "a timestamp with time zone (one without could be several moments)"
_HOLDS: tuple[tuple[str, tuple[Kind, ...], str], ...] = (
    ("column", ("number", "text", "any"), "numbers are kept in integers or texts"),
    ("at_from", ("date", "moment", "any"), f"a number is of a date, or of {_HAS_ZONE}"),
    ("at_column", ("date", "moment", "naive", "any"), "it gets a timestamp or a date"),
)


def _check(target: Target, found: Mapping[str, Column]) -> None:
    named = {
        "column": target.number.name,
        "at_from": target.at_from,
        "at_column": target.at_column,
    }
    for argument, kinds, wanted in _HOLDS:
        name = named[argument]
        if name is not None and found[name].kind not in kinds:
            raise _wrong(argument, f"is {name}, of type {found[name].type}: {wanted}")


def _argument(target: Target, name: str) -> str:
    """Which of the caller's arguments named a column."""
    arguments: dict[Any, str] = {
        **{column: "scope" for _, column in target.scopes},
        target.at_from: "at_from",
        target.at_column: "at_column",
        target.key: "key",
        target.number.name: "column",
    }
    return arguments.get(name, "order_by")


def _wrong(argument: str, problem: str) -> NothingDrawn:
    return NothingDrawn(InvalidSequence(argument, problem))
