"""`Sequence` for async code: what the functions of `aseq.django` are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from collections.abc import Sequence as Values
from typing import TypeVar

from . import sequence
from .draw import read, write

__all__ = ("Sequence",)

T = TypeVar("T")


class Sequence(AsyncIterator[int]):
    """A gapless sequence of integers: the functions of this module, with their parameters kept.

    Iterating over it draws values without an end:

        cases = Sequence("cases", initial_value=1000)
        async with aatomic():
            async for number in cases:
                ...

    Args:
        sequence_name: 1 to 100 characters.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        using: a database alias; None asks the routers.

    Raises:
        InvalidSequence: a parameter can't work (a ValueError).
    """

    def __init__(
        self,
        sequence_name: str = "default",
        initial_value: int = 1,
        reset_value: int | None = None,
        *,
        using: str | None = None,
    ) -> None:
        self._sync = sequence.Sequence(sequence_name, initial_value, reset_value, using=using)

    def __repr__(self) -> str:
        return repr(self._sync)

    async def get_last_value(self) -> int | None:
        """Return the last value drawn, or None."""
        return await read(self._sync.using, lambda using: self._on(using).get_last_value())

    async def get_next_value(self, *, nowait: bool = False) -> int:
        """Draw the next value; see the function of that name."""
        [value] = await self.get_next_values(1, nowait=nowait)
        return value

    async def get_next_values(self, batch_size: int, *, nowait: bool = False) -> Values[int]:
        """Draw the next `batch_size` values: a range, unless the sequence looped."""
        return await self._write(lambda seq: seq.get_next_values(batch_size, nowait=nowait))

    async def advance_to(self, value: int) -> int:
        """Move the last value forward, never back; return the last value now."""
        return await self._write(lambda seq: seq.advance_to(value))

    async def delete(self) -> bool:
        """Delete the sequence; return whether there was one."""
        return await self._write(lambda seq: seq.delete())

    async def __anext__(self) -> int:
        return await self.get_next_value()

    async def _write(self, work: Callable[[sequence.Sequence], T]) -> T:
        kept = self._sync
        return await write(kept.sequence_name, kept.using, lambda using: work(self._on(using)))

    def _on(self, using: str) -> sequence.Sequence:
        kept = self._sync
        return sequence.Sequence(
            kept.sequence_name, kept.initial_value, kept.reset_value, using=using
        )
