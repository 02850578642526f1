"""Running something that blocks in a worker thread, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")


async def in_worker(work: Callable[[], T]) -> T:
    """Run `work` to its end, whatever cancellations come.

    Args:
        work: what to run.
    """
    # A limiter of its own: connections that wait for a lock must not take every thread
    # from the one that holds it.
    limiter = anyio.CapacityLimiter(1)
    return await anyio.to_thread.run_sync(work, limiter=limiter)
