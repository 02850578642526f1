"""One outermost block at a time on each connection: siblings wait for each other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from .context import blocks

if TYPE_CHECKING:
    from .transaction import Transaction

DEADLOCK = (
    "this block and one that another task has open would wait for each other for ever: tasks "
    "that share a thread must open blocks on several databases in the same order"
)


class Turn:
    """What the outermost block on a connection holds; the others get it in order."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: Transaction | None = None

    async def take(self, block: Transaction) -> None:
        """Wait for the turn.

        Raises:
            TransactionManagementError: who holds it waits for a block around this one.
        """
        around = {each.outermost() for each in blocks.get({}).values() if each.open}
        if self._leads_to(around):
            raise TransactionManagementError(DEADLOCK)
        for each in around:
            each.waits_for.append(self)
        try:
            await self._lock.acquire()
        finally:
            for each in around:
                each.waits_for.remove(self)
        self._holder = block

    def _leads_to(self, around: set[Transaction]) -> bool:
        ahead, seen = [self], set[Turn]()
        while ahead:
            turn = ahead.pop()
            holder = turn._holder
            if holder is None or turn in seen:
                continue
            if holder in around:
                return True
            seen.add(turn)
            ahead.extend(holder.waits_for)
        return False

    def release(self) -> None:
        """Let the next one have it."""
        self._holder = None
        self._lock.release()


_Turns = WeakKeyDictionary[BaseDatabaseWrapper, Turn]

# By loop: a lock of asyncio's belongs to one, and a thread's connection outlives it.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


def turn_on(connection: BaseDatabaseWrapper) -> Turn:
    """The turn of the outermost blocks on a connection."""
    turns = _turns.setdefault(asyncio.get_running_loop(), WeakKeyDictionary())
    return turns.setdefault(connection, Turn())
