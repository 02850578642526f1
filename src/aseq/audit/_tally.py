"""The totals of each series, added up from those of its groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aseq._core.statement import Row
from aseq.errors import AuditRefused, InvalidSequence

from ._grid import Grid
from ._membership import Group, Series
from ._texts import integer
from ._totals import MOST_GROUPS, GroupTotals, Heading, TotalsQuestion
from .findings import Range

_TOO_MANY = (
    "there are more than {:,} series, or texts of as many kinds: name fewer rows with where=, "
    "or bind the numbering to a scope"
)


@dataclass(slots=True)
class Tally:
    """What is known of one series.

    Attributes:
        counter: the last number drawn; None if there is no counter.
        groups: what its rows have in common.
        rows: how many have a number.
        voids: how many of these are void.
        least: the least number.
        greatest: the greatest one.
        on_step: how many numbers are on the step.
        proof: what they add up to; or how many different ones there are.
        dates: the earliest and the latest date.
    """

    counter: int | None = None
    groups: tuple[Group, ...] = ()
    rows: int = 0
    voids: int = 0
    least: int | None = None
    greatest: int | None = None
    on_step: int = 0
    proof: int = 0
    dates: tuple[str, str] | None = None

    def add(self, totals: GroupTotals) -> None:
        """Take a group into account."""
        self.groups += (totals.group,)
        self.rows += totals.numbers
        self.voids += totals.voids
        self.on_step += totals.on_step
        self.proof += totals.proof
        if totals.least is not None and (self.least is None or totals.least < self.least):
            self.least = totals.least
        greatest = totals.greatest
        if greatest is not None and (self.greatest is None or greatest > self.greatest):
            self.greatest = greatest
        if totals.dates is not None:
            since, until = self.dates or totals.dates
            self.dates = min(since, totals.dates[0]), max(until, totals.dates[1])

    def ends(self, grid: Grid) -> tuple[int | None, int | None]:
        """The first and the last number, in the sequence's order."""
        up = grid.step > 0
        return (self.least, self.greatest) if up else (self.greatest, self.least)

    def has_strays(self, grid: Grid) -> bool:
        """Whether some rows have a number that isn't one of the sequence's."""
        begin, end = self.ends(grid)
        if begin is None or end is None:
            return False
        before = (begin - grid.first) * grid.step < 0
        beyond = self.counter is not None and (end - self.counter) * grid.step > 0
        return before or beyond or self.on_step < self.rows

    def expected(self, grid: Grid) -> Range | None:
        """The numbers that should be there: up to the counter, or else to the last one."""
        last = self.ends(grid)[1] if self.counter is None else self.counter
        if last is None:
            return None
        return grid.between(grid.first, grid.last_before(last))


@dataclass(slots=True)
class Tallies:
    """All series, by the names of their counters, and what is of none.

    Attributes:
        heading: when the counters were read, and how many drafts there are.
        series: the tallies.
        unreadable: rows whose text can't be read.
        refused: the groups that Python couldn't read.
        misprinted: rows with a wrong check digit; their numbers are counted nevertheless.
        misprints: some of their texts.
    """

    heading: Heading = field(default_factory=lambda: Heading("", 0, 0))
    series: dict[str, Tally] = field(default_factory=dict)
    unreadable: int = 0
    refused: list[Group] = field(default_factory=list)
    misprinted: int = 0
    misprints: list[str] = field(default_factory=list)

    @property
    def spoilt(self) -> int:
        """How many rows have a text that is wrong in one way or the other."""
        return self.unreadable + self.misprinted

    def add(self, series: Series, totals: GroupTotals) -> None:
        """Take a group into account."""
        try:
            name = series.counter_of(totals.group)
        except InvalidSequence:
            self.unreadable += totals.texts
            self.refused.append(totals.group)
            return
        if name is None:
            return
        self.unreadable += totals.texts - totals.numbers
        if totals.numbers:
            self.series.setdefault(name, Tally()).add(totals)


def tallied(question: TotalsQuestion, rows: Sequence[Row]) -> Tallies:
    """The answer to the first question.

    Raises:
        AuditRefused: there are too many groups to keep in memory.
    """
    found, series, groups = Tallies(), question.sources.series, 0
    known: dict[str, str] = {}  # the same texts, again and again
    for row in consumed(rows):
        kind = integer(row[0])
        if kind == 0:
            found.heading = question.heading(row)
            found.unreadable += found.heading.stray
        elif kind == 1:
            name, last = question.counter(row)
            if series.has(name):
                found.series.setdefault(name, Tally()).counter = last
        else:
            groups += 1
            totals = question.group(row)
            group = tuple(known.setdefault(text, text) for text in totals.group)
            found.add(series, totals._replace(group=group))
    if groups > MOST_GROUPS:
        raise AuditRefused(_TOO_MANY.format(MOST_GROUPS))
    return found


def consumed(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows, which are forgotten one after the other: there may be very many."""
    left = rows if isinstance(rows, list) else list(rows)
    left.reverse()
    while left:
        yield left.pop()
