"""A thread that is kept for a series of blocks."""

from __future__ import annotations

from aseq._concurrency.shield import shielded

from .._private import has_sync_caller
from .threads import OwnThread


class KeptThread:
    """A thread of its own for the blocks of one task, and Django's connections in it.

    Where sync code waits for the event loop, blocks are on that code's connection, and there is
    no thread to keep.
    """

    def __init__(self, own: OwnThread | None) -> None:
        self._own = own

    @classmethod
    async def start(cls) -> KeptThread:
        """Take a thread. Waits while as many as ``ASEQ_MAX_BLOCKS`` allows are in use."""
        if has_sync_caller():
            return cls(None)
        own = OwnThread()
        await own.limiter.acquire_on_behalf_of(own)
        own.blocks += 1
        return cls(own)

    def enter(self) -> None:
        """Let the next block of this task be in it: the end of the last one has left it."""
        if self._own is not None:
            self._own.enter()

    async def close(self) -> None:
        """Close its connections, once."""
        own, self._own = self._own, None
        if own is not None:
            own.leave()
            await shielded(own.close)
