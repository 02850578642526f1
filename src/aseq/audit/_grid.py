"""Which numbers a sequence gives, in its own order.

SQL and proofs are simpler for numbers that rise by one. So a number that the sequence can
have is also known by its position: how often the step goes into it, rounded down. (Counting
from 0, not from the first value: so nothing is subtracted that could overflow.) Positions
rise with the numbers, whichever way the sequence goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from .findings import Range


@dataclass(frozen=True, slots=True)
class Grid:
    """The numbers of a sequence.

    Attributes:
        first: where it begins.
        step: the distance between its numbers; negative if it counts down.
    """

    first: int
    step: int

    @property
    def width(self) -> int:
        """The distance, whichever way."""
        return abs(self.step)

    @property
    def residue(self) -> int:
        """What is left of each number when it is divided by the step: not negative."""
        return self.first % self.width

    def has(self, number: int) -> bool:
        """Whether the step leads to the number."""
        return (number - self.first) % self.width == 0

    def last_before(self, number: int) -> int:
        """The last number of the sequence that doesn't lie beyond another."""
        return self.first + (number - self.first) // self.step * self.step

    def between(self, first: int, last: int) -> Range | None:
        """The numbers from one to another, in the sequence's order; None if there are none."""
        count = (last - first) // self.step + 1
        return Range(first, last, count) if count > 0 else None

    def gap(self, before: int, after: int) -> Range | None:
        """The numbers that lie between two."""
        return self.between(before + self.step, after - self.step)

    def positions(self, found: Range) -> range:
        """The positions of some numbers, rising."""
        ends = sorted((found.first // self.width, found.last // self.width))
        return range(ends[0], ends[1] + 1)
