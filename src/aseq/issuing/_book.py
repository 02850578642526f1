"""What numbering rows knows of a ledger: the contract of `aseq.ledger`'s own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from aseq._core.dialects import Dialect
from aseq._core.scripts import Plan
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AseqError, InvalidSequence

LONGEST_KEY = 200
"""Characters."""


class Page(NamedTuple):
    """A ledger on one connection.

    Attributes:
        table: where it is.
        counters: the table of the sequences.
        dialect: of the database.
    """

    table: TableName
    counters: TableName
    dialect: Dialect


class Line(NamedTuple):
    """A number for the ledger.

    Attributes:
        series: what the key is unique within.
        sequence: where the number was drawn.
        number: the number alone.
        text: as it is printed.
        key: of the document.
        at: the moment that it is of, in microseconds since 1970; None for that of writing.
    """

    series: str
    sequence: str
    number: int
    text: str
    key: str
    at: int | None


class Had(NamedTuple):
    """A number that a key has.

    Attributes:
        series: what the key is unique within.
        key: of the document.
        number: the number alone.
        text: as it was printed.
        at: the moment that it is of, in microseconds since 1970.
        is_void: whether it has been made void.
    """

    series: str
    key: str
    number: int
    text: str
    at: int
    is_void: bool


class Book(Protocol):
    """A ledger, and what its rows say beside the numbers."""

    @property
    def table(self) -> TableName:
        """The ledger's table, as the caller calls it."""
        ...

    def look(self, page: Page, keys: Iterable[tuple[str, str]]) -> Plan[list[Had]]:
        """Look for keys, each with its series, behind the queues of their sequences."""
        ...

    def write(self, page: Page, lines: Sequence[Line]) -> Plan[None]:
        """Write numbers that were drawn.

        Raises:
            PartlyDrawn: one wasn't written.
        """
        ...

    def explained(self, exc: Exception, name: str, info: ConnectionInfo) -> AseqError | None:
        """Our error for a driver's error about the ledger; None if the driver's is as good."""
        ...


class Bookkeeper(Protocol):
    """A `Ledger`, as callers pass it."""

    def _for_rows(self, by: object, note: object) -> Book:
        """What rows see of it.

        Raises:
            InvalidSequence: `by` or `note` doesn't fit.
        """
        ...


def book(ledger: object, by: object, note: object, *, loops: bool) -> Book | None:
    """The ledger for the arguments of these names; None without one.

    Args:
        ledger: a `Ledger`.
        by: who numbers the rows.
        note: anything.
        loops: whether the sequence does.

    Raises:
        InvalidSequence: one of them can't work.
    """
    if ledger is None:
        for argument, value in (("by", by), ("note", note)):
            if value is not None:
                raise InvalidSequence(argument, "is for a ledger: pass one, as ledger=Ledger()")
        return None
    make = None if isinstance(ledger, type) else getattr(ledger, "_for_rows", None)
    if make is None:
        raise InvalidSequence("ledger", f"must be an aseq.ledger.Ledger, not {ledger!r}")
    if loops:
        raise InvalidSequence(
            "ledger",
            "has one row for each number, and those of a sequence that loops come again",
        )
    kept: Book = make(by, note)
    return kept
