"""What an audit found: frozen objects that know no database.

Totals are exact. The findings themselves are listed up to a limit, so that a column of ten
million mistakes doesn't fill the memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Why: TypeAlias = Literal["before", "beyond", "off_step"]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that follow one another in a sequence.

    Attributes:
        first: the first of them.
        last: the last of them; the same, if it is one number.
        count: how many they are.
    """

    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class RowKey:
    """Which row of the database it is.

    Attributes:
        table: its table.
        key: the values of its primary key, as texts; empty if the table has none.
    """

    table: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A number that several rows have.

    Attributes:
        number: the number.
        count: how many rows have it.
        rows: which they are: the first ten of them.
    """

    number: int
    count: int
    rows: tuple[RowKey, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """A number that the sequence hasn't given.

    Attributes:
        number: the number.
        why: it comes before the first value, beyond the counter, or off the step.
        row: the row that has it.
    """

    number: int
    why: Why
    row: RowKey


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that can't be read as a number of the series.

    Attributes:
        text: the text.
        why: where reading it stopped.
        row: the row that has it.
    """

    text: str
    why: str
    row: RowKey


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """A number whose date is earlier than that of the number before it.

    Attributes:
        number: the number.
        date: its date, as the database prints it.
        previous: the number before it. Either of the two may have the wrong date.
        previous_date: that number's date.
        row: the row of `number`.
    """

    number: int
    date: str
    previous: int
    previous_date: str
    row: RowKey


@dataclass(frozen=True, slots=True)
class Void:
    """A number that is there and was made void: not a finding, but an auditor asks for it.

    Attributes:
        number: the number.
        reason: what the column ``void=`` says.
        row: the row that has it.
    """

    number: int
    reason: str
    row: RowKey
