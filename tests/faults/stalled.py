"""A draw that has stopped in the middle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from tests.faults.attempts import Attempt
from tests.faults.stalls import Stall


@asynccontextmanager
async def attempted(
    work: Callable[[], Awaitable[object]], stall: Stall
) -> AsyncIterator[Attempt]:
    """Something that draws, and has stopped in the middle. It has ended after the block."""
    attempt = Attempt()
    async with stall.holding(), anyio.create_task_group() as tasks:
        tasks.start_soon(attempt, work)
        await stall.reached(attempt.ended)
        yield attempt
        with anyio.fail_after(20):
            await attempt.ended.wait()
        stall.release()
