"""One outermost block at a time on each connection: siblings wait for each other."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper

_Turns = WeakKeyDictionary[BaseDatabaseWrapper, asyncio.Lock]

# By loop: a lock of asyncio's belongs to one, and a thread's connection outlives it.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


def turn_on(connection: BaseDatabaseWrapper) -> asyncio.Lock:
    """The lock that the outermost block on a connection holds."""
    turns = _turns.setdefault(asyncio.get_running_loop(), WeakKeyDictionary())
    return turns.setdefault(connection, asyncio.Lock())
