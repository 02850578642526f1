"""Running a function in the thread of an aiosqlite connection, whoever wraps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from .base import unwrapped

T = TypeVar("T")


async def in_thread_of(connection: Any, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` on the connection under an `aiosqlite.Connection`, as one call.

    It takes its place in the thread's queue before this first waits.

    aiosqlite has no public way to do so: `_execute` and `_conn` are what its own
    methods use, and a contract test pins them.

    Raises:
        ValueError: the connection is closed, or being closed.
    """
    result: T = await connection._execute(work, _inner(connection))
    return result


def post_to_thread_of(connection: Any, work: Callable[[sqlite3.Connection], object]) -> None:
    """As `in_thread_of`, but without waiting, and whatever happens to the event loop.

    On a closed connection nothing is done: its transaction is over.
    """
    with suppress(ValueError):
        # No future, so nobody waits: aiosqlite 0.22.1 and newer allow that.
        connection._tx.put_nowait((None, partial(work, _inner(connection))))


def _inner(connection: Any) -> Any:
    """The connection of sqlite3's, without the proxy that a tracing library puts around it."""
    return unwrapped(connection._conn, lambda cls: issubclass(cls, sqlite3.Connection))
