"""DB-API connections, driven in a worker thread: `sqlite3.Connection`, natively on trio too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import ClassVar

import anyio.lowlevel

from aseq._concurrency.shield import shielded
from aseq._concurrency.worker import in_worker
from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.errors import UnsupportedConnection

from ._sqlite import Hop, abort, outside_transaction
from .base import Executor, unsupported

_THREADS = "open it with check_same_thread=False: aseq uses it in worker threads"

_HINTS = {"Cursor": "pass the connection: `cursor.connection`"}


def executor_for(connection: object, /) -> Executor:
    """The executor for a sqlite3 connection."""
    if isinstance(connection, sqlite3.Connection):
        return SqliteExecutor(connection)
    raise unsupported(connection, _HINTS, "pass a sqlite3.Connection")


class SqliteExecutor(Executor):
    """One sqlite3 connection."""

    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (sqlite3.Error,)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._hop: Hop | None = None

    def outside_transaction(self) -> str | None:
        return outside_transaction(self._connection)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        nowait: bool = False,
        inside: bool = False,
    ) -> Sequence[Row]:
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._hop = hop = Hop(sql, args, nowait=nowait, inside=inside)
        return await shielded(lambda: self._in_thread(hop), hop.drop)

    async def _in_thread(self, hop: Hop) -> Sequence[Row]:
        def work() -> Sequence[Row]:
            with _alone_on(self._connection):
                return hop(self._connection)

        try:
            return await in_worker(work)
        except sqlite3.ProgrammingError as exc:
            if "same thread" in str(exc):
                raise UnsupportedConnection("sqlite3.Connection", _THREADS) from exc
            raise

    async def abort(self) -> bool:
        if self._hop is None or not self._hop.ran:
            return False
        return await in_worker(self._abort)

    def _abort(self) -> bool:
        # Alone: setting an authorizer waits for another thread's statement without
        # letting go of the GIL, which a callback of that statement may need.
        with _alone_on(self._connection):
            return abort(self._connection)

    def terminate(self) -> None:
        if self._hop is not None:
            self._hop.drop()
            if self._hop.ended:
                self._abort()


class _Turn:
    """A lock, and how many threads hold it or wait for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.users = 0


# By identity, and only while in use: a sqlite3.Connection can't be referenced weakly.
_turns: dict[int, _Turn] = {}
_turns_lock = Lock()


@contextmanager
def _alone_on(connection: sqlite3.Connection) -> Iterator[None]:
    """One thread at a time: sqlite3 checks for a transaction and begins one in two steps."""
    with _turns_lock:
        turn = _turns.setdefault(id(connection), _Turn())
        turn.users += 1
    try:
        with turn.lock:
            yield
    finally:
        with _turns_lock:
            turn.users -= 1
            if not turn.users:
                del _turns[id(connection)]
