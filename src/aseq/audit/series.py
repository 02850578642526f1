"""What was found in one series: totals, which are exact, and lists up to a limit."""

from __future__ import annotations

from dataclasses import dataclass

from .findings import OutOfOrder, Outside, Range, Repeated, Unreadable, Void


@dataclass(frozen=True, slots=True)
class Totals:
    """How many there are of each kind, whether they are listed or not.

    Attributes:
        missing: numbers that no row has.
        repeated: numbers that several rows have.
        outside: rows whose number the sequence hasn't given.
        unreadable: rows whose text can't be read.
        out_of_order: numbers whose date is earlier than that of the number before.
        voids: rows that were made void.
    """

    missing: int = 0
    repeated: int = 0
    outside: int = 0
    unreadable: int = 0
    out_of_order: int = 0
    voids: int = 0


NOTHING = Totals()


@dataclass(frozen=True, slots=True)
class SeriesAudit:
    """One series: the numbers that one counter gives.

    Attributes:
        name: of the counter.
        rows: how many rows have a number of it.
        first: the number that the series begins with, of those that rows have; None if no
            row has one.
        last: the one that it ends with.
        counter: the last number drawn; None if there is no counter of that name.
        missing: numbers that no row has, though the counter gave them.
        repeated: numbers that several rows have.
        outside: rows whose number the counter hasn't given.
        unreadable: rows whose text isn't a number of the series.
        out_of_order: numbers whose date is earlier than that of the number before.
        voids: rows that were made void, with the reason.
        totals: how many there are of each. The lists may be shorter.
        dates: the earliest and the latest date; None if the audit wasn't told of dates.
    """

    name: str
    rows: int = 0
    first: int | None = None
    last: int | None = None
    counter: int | None = None
    missing: tuple[Range, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    outside: tuple[Outside, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    out_of_order: tuple[OutOfOrder, ...] = ()
    voids: tuple[Void, ...] = ()
    totals: Totals = NOTHING
    dates: tuple[str, str] | None = None

    @property
    def uncounted(self) -> bool:
        """Whether rows have numbers, but there is no counter that gave them."""
        return self.counter is None and self.rows > self.totals.unreadable

    @property
    def ok(self) -> bool:
        """Whether nothing was found. Voids are explained, so they aren't findings."""
        found = self.totals
        return not (
            self.uncounted
            or found.missing
            or found.repeated
            or found.outside
            or found.unreadable
            or found.out_of_order
        )

    @property
    def truncated(self) -> bool:
        """Whether more was found than is listed."""
        return (
            sum(part.count for part in self.missing) < self.totals.missing
            or len(self.repeated) < self.totals.repeated
            or len(self.outside) < self.totals.outside
            or len(self.unreadable) < self.totals.unreadable
            or len(self.out_of_order) < self.totals.out_of_order
            or len(self.voids) < self.totals.voids
        )
