"""Conditions in SQL on a number ``n`` and the sequence that should give it."""

from __future__ import annotations

from dataclasses import dataclass

from aseq._sql import BIGINT, MODULO, Binds

from ._grid import Grid


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a sequence, for SQL."""

    grid: Grid

    @property
    def position(self) -> str:
        """The number's position on the grid: a division that rounds down."""
        step = self.grid.width
        if step == 1:
            return "n"
        return f"(CASE WHEN n < 0 THEN (n + 1) / {step} - 1 ELSE n / {step} END)"

    @property
    def on_step(self) -> str:
        """Whether the step leads to it. The remainder of a negative number is negative."""
        step, rest = self.grid.width, self.grid.residue
        return "1 = 1" if step == 1 else f"(n {MODULO} {step} IN ({rest}, {rest - step}))"

    @property
    def descending(self) -> str:
        """For an ORDER BY in the sequence's order."""
        return "" if self.grid.step > 0 else " DESC"

    def before(self, bind: Binds) -> str:
        """Whether it comes before the first one."""
        return f"n {'<' if self.grid.step > 0 else '>'} {bigint(self.grid.first, bind)}"

    def beyond(self, last: str) -> str:
        """Whether it comes after another number."""
        return f"n {'>' if self.grid.step > 0 else '<'} {last}"

    @property
    def jumps(self) -> str:
        """Whether some are missing between it and ``next``."""
        step = self.grid.width
        return f"next - {step} > n" if self.grid.step > 0 else f"next + {step} < n"


def bigint(value: int, bind: Binds) -> str:
    """An integer, bound."""
    return f"CAST({bind(value)} AS {BIGINT})"
