"""`Sequence` for async code: `AsyncSequence` on the task's block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Sequence as Values
from contextlib import AbstractAsyncContextManager

from asgiref.sync import sync_to_async
from django.db import router

from aseq import AsyncSequence
from aseq._core.waiting import waiting
from aseq.django._block.atomic import open_block
from aseq.django._block.block import Block
from aseq.django._in_block import in_block

from . import sync
from .parameters import Parameters


class Sequence(Parameters, AsyncIterator[int]):
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

    async def get_last_value(self) -> int | None:
        """Return the last value drawn, or None."""
        using = self._alias(router.db_for_read)
        block = open_block(using)
        if block is not None:
            return await self._as(AsyncSequence).last_value(block)
        elsewhere = sync.Sequence(self.sequence_name, using=using)
        return await sync_to_async(elsewhere.get_last_value)()

    async def get_next_value(
        self, *, nowait: bool = False, timeout: float | None = None
    ) -> int:
        """Draw the next value; see the function of that name."""
        [value] = await self.get_next_values(1, nowait=nowait, timeout=timeout)
        return value

    async def get_next_values(
        self, batch_size: int, *, nowait: bool = False, timeout: float | None = None
    ) -> Values[int]:
        """Draw the next `batch_size` values: a range, unless the sequence looped."""
        sequence = self._as(AsyncSequence)
        sequence._check_count(batch_size)
        waiting(nowait=nowait, timeout=timeout)  # refused before a block is opened
        if batch_size == 0:
            return range(0)
        async with self._block() as block:
            return await sequence.next_values(block, batch_size, nowait=nowait, timeout=timeout)

    async def advance_to(self, value: int, *, timeout: float | None = None) -> int:
        """Move the last value forward, never back; return the last value now."""
        sequence = self._as(AsyncSequence)
        sequence._check_value(value)
        waiting(nowait=False, timeout=timeout)
        async with self._block() as block:
            return await sequence.advance_to(block, value, timeout=timeout)

    async def delete(self, *, timeout: float | None = None) -> bool:
        """Delete the sequence; return whether there was one."""
        sequence = self._as(AsyncSequence)
        waiting(nowait=False, timeout=timeout)
        async with self._block() as block:
            return await sequence.delete(block, timeout=timeout)

    async def __anext__(self) -> int:
        return await self.get_next_value()

    def _block(self) -> AbstractAsyncContextManager[Block]:
        return in_block(self.sequence_name, self._alias(router.db_for_write))
