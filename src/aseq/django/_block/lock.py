"""`ConnectionLock`: one outermost block at a time on each connection, without deadlocks.

It knows holders by their identity alone, and nothing of blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

DEADLOCK = (
    "this block and one that another task has open would wait for each other forever: tasks "
    "that share a thread must open blocks on several databases in the same order"
)


class ConnectionLock:
    """What the outermost block on a connection holds; the others get it in order.

    Args:
        waits: which locks each holder waits for: an edge of the graph for each. All locks
            of a loop share it.
    """

    def __init__(self, waits: dict[object, list[ConnectionLock]]) -> None:
        self._lock = asyncio.Lock()
        self._holder: object = None
        self._waits = waits

    async def acquire(self, holder: object, held: Collection[object]) -> None:
        """Wait for the lock.

        Args:
            holder: who shall have it.
            held: the holders of other locks that can't go on before this one is acquired.

        Raises:
            TransactionManagementError: its present holder waits for one of those.
        """
        if self._leads_to(held):
            raise TransactionManagementError(DEADLOCK)
        for each in held:
            self._waits.setdefault(each, []).append(self)
        try:
            await self._lock.acquire()
        finally:
            for each in held:
                self._waits[each].remove(self)
                if not self._waits[each]:
                    del self._waits[each]
        self._holder = holder

    def _leads_to(self, held: Collection[object]) -> bool:
        """Whether the way from holder to awaited lock, and so on, comes to one of those."""
        ahead, seen = [self], set[ConnectionLock]()
        while ahead:
            lock = ahead.pop()
            holder = lock._holder
            if holder is None or lock in seen:
                continue
            if holder in held:
                return True
            seen.add(lock)
            ahead.extend(self._waits.get(holder, ()))
        return False

    def release(self) -> None:
        """Let the next one have it."""
        self._holder = None
        self._lock.release()


class _Locks:
    """The locks of one event loop."""

    def __init__(self) -> None:
        self._waits: dict[object, list[ConnectionLock]] = {}
        self._locks: WeakKeyDictionary[BaseDatabaseWrapper, ConnectionLock] = (
            WeakKeyDictionary()
        )

    def on(self, connection: BaseDatabaseWrapper) -> ConnectionLock:
        return self._locks.setdefault(connection, ConnectionLock(self._waits))


# By loop: a lock of asyncio's belongs to one, and a thread's connection outlives it.
_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Locks] = WeakKeyDictionary()


def lock_for(connection: BaseDatabaseWrapper) -> ConnectionLock:
    """The lock of the outermost blocks on a connection."""
    return _loops.setdefault(asyncio.get_running_loop(), _Locks()).on(connection)
