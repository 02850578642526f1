"""What differs between databases in an audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from aseq._columns import ColumnName
from aseq._core.statement import Row
from aseq._core.table import TableName
from aseq._sql import Binds, Plan

from ._split import Dialect


class Facts(NamedTuple):
    """What the catalogue says of a column.

    Attributes:
        table: whether its table is there.
        type: its type, as the database calls it; None if there is no such column.
        keys: the columns of the table's primary key.
        refused: why an audit would be wrong here, or hold others up; ``{table}`` in it is the
            table. None if it wouldn't.
    """

    table: bool
    type: str | None
    keys: tuple[str, ...]
    refused: str | None = None


def same(columns: Sequence[str]) -> str:
    """The condition that a row ``r`` and an item ``q`` have the same values."""
    return " AND ".join(f"r.{name} = q.{name}" for name in columns) or "1 = 1"


Session: TypeAlias = Callable[[TableName], Plan["str | None"]]


@dataclass(frozen=True)
class Texts:
    """What one kind of database is asked.

    Attributes:
        look: what to ask the catalogue about some columns.
        facts: what it answered.
        number: the SQL for a number, from a column's SQL and its type, and whether it has
            to be read from a text; None if the type can't hold numbers.
        holds_numbers: whether a column of a type holds numbers alone, and no texts.
        split: how texts are split.
        date: the SQL for a date as a text that sorts as dates do.
        items: a query that gives the items of a JSON list of lists, from the SQL of that list
            and the columns with their types.
        now: when the statement began, as a text in UTC.
        fingerprint: adds up the hashes of the numbers at a position, given two keys; None
            if there is no hash function, so that distinct numbers are counted.
        hashes: the hashes of the two parts of a position, given blocks from and to and the
            keys.
        words: as `Query` takes them.
        same_group: the condition that a row ``r`` is of an item ``q``, by the columns that tell
            a group.
        begins: with what a statement about details begins.
        session: asks, given the table of sequences, why an audit would be wrong in the
            session, or hold others up; ``{table}`` in it is that table. None if the catalogue
            tells.
    """

    look: Callable[[Sequence[ColumnName], Binds], str]
    facts: Callable[[Sequence[ColumnName], Sequence[Row]], list[Facts]]
    number: Callable[[str, str], tuple[str, bool] | None]
    holds_numbers: Callable[[str], bool]
    holds_dates: Callable[[str], bool]
    text: str
    split: Dialect
    date: str
    items: Callable[[str, Sequence[tuple[str, str]]], str]
    now: str
    fingerprint: Callable[[str, str, str], str] | None
    hashes: Callable[[str, str, str, str], str] | None
    words: Mapping[str, str] = field(default_factory=dict)
    same_group: Callable[[Sequence[str]], str] = same
    begins: str = ""
    session: Session | None = None


def integer(value: object) -> int | None:
    """A number, or NULL, however the connection gives them."""
    if type(value) is int:  # nearly always, a million times
        return value
    return int(value) if isinstance(value, str | int | Decimal) else None
