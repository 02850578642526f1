"""Integers: where a draw ends, and which values it consists of. Nothing else.

A sequence without an end counts ``first, first + step, ...`` within 64 bits. A
looping one runs over a cycle of ``length`` values and starts again. The database
stores only the last value drawn; a batch is rebuilt from the value it ended on.

A last value that isn't on the cycle (its parameters were changed) counts as the
end of the cycle. Otherwise a batch could not be rebuilt from its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN = -(2**63)
MAX = 2**63 - 1


def fits(value: int) -> bool:
    """Whether a signed 64-bit column can hold the value."""
    return MIN <= value <= MAX


def bounds(distance: int) -> range:
    """The last values from which a draw over `distance` stays within 64 bits."""
    if distance > 0:
        return range(MIN, MAX - distance + 1)
    return range(MIN - distance, MAX + 1)


def batch(end: int, step: int, count: int) -> range:
    """The values of a draw that ended on `end` without looping."""
    return range(end - (count - 1) * step, end + step, step)


@dataclass(frozen=True, slots=True)
class Cycle:
    """The values of a looping sequence: ``first, first + step, ...`` before `reset`."""

    first: int
    step: int
    reset: int

    @property
    def values(self) -> range:
        """All values of the cycle, in order."""
        return range(self.first, self.reset, self.step)

    @property
    def length(self) -> int:
        """How many values there are before the sequence starts again."""
        return len(self.values)

    @property
    def final(self) -> int:
        """The last value before the sequence starts again."""
        return self.values[-1]

    def batch(self, end: int, count: int) -> Sequence[int]:
        """The values of a draw that ended on `end`: a range, unless it looped."""
        index = (end - self.first) // self.step
        if index >= count - 1:
            return batch(end, self.step, count)
        indexes = range(index - count + 1, index + 1)
        return tuple(self.values[i % self.length] for i in indexes)
