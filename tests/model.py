"""What a database with sequences must look like after any history: the reference model."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from aseq import AsyncSequence


@dataclass
class State:
    """The last value of each sequence, and the numbers that were saved since it began."""

    last: dict[str, int] = field(default_factory=dict)
    saved: dict[str, list[int]] = field(default_factory=dict)

    def draw(self, seq: AsyncSequence, count: int) -> list[int]:
        """Draw numbers one by one, and save each."""
        drawn = []
        for _ in range(count):
            drawn.append(self._next(seq))
            self.last[seq.name] = drawn[-1]
        self.saved.setdefault(seq.name, []).extend(drawn)
        return drawn

    def _next(self, seq: AsyncSequence) -> int:
        if seq.name not in self.last:
            return seq.initial_value
        following = self.last[seq.name] + seq.step
        if seq.reset_value is not None and (following - seq.reset_value) * seq.step >= 0:
            return seq.initial_value
        return following

    def advance(self, seq: AsyncSequence, value: int) -> int:
        """Move forward, never back."""
        furthest = max if seq.step > 0 else min
        self.last[seq.name] = furthest(self.last.get(seq.name, value), value)
        return self.last[seq.name]

    def delete(self, seq: AsyncSequence) -> bool:
        """Forget the sequence."""
        return self.last.pop(seq.name, None) is not None


class Model:
    """Committed state, and that of the one transaction that may write.

    Attributes:
        committed: what everybody sees.
        stack: the open transaction's states: its own, and one for each savepoint.
    """

    def __init__(self) -> None:
        self.committed = State()
        self.stack: list[State] = []

    def begin(self) -> None:
        """Begin a transaction."""
        self.stack = [deepcopy(self.committed)]

    def savepoint(self) -> None:
        """Set a savepoint."""
        self.stack.append(deepcopy(self.stack[-1]))

    def roll_back_savepoint(self) -> None:
        """Roll back to the last savepoint, and forget it."""
        self.stack.pop()

    def release(self) -> None:
        """Keep what happened since the last savepoint."""
        self.stack[-2:] = self.stack[-1:]

    def commit(self) -> None:
        """Everybody sees it."""
        self.committed, self.stack = self.stack[0], []

    def roll_back(self) -> None:
        """It never happened."""
        self.stack = []

    @property
    def now(self) -> State:
        """As the transaction sees it."""
        return self.stack[-1]
