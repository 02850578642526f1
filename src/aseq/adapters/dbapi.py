"""DB-API connections, driven in a worker thread: `sqlite3.Connection`, natively on trio too."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import ClassVar

import anyio.lowlevel

from aseq._concurrency.shield import shielded
from aseq._concurrency.worker import in_worker
from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.errors import UnsupportedConnection

from ._sqlite import Job, blocks_writers
from .base import Executor, Watcher, unsupported

_THREADS = "open it with check_same_thread=False: aseq uses it in worker threads"

_HINTS = {"Cursor": "pass the connection: `cursor.connection`"}


def executor_for(connection: object, /) -> Executor:
    """The executor for a sqlite3 connection."""
    if isinstance(connection, sqlite3.Connection):
        return SqliteExecutor(connection)
    raise unsupported(connection, _HINTS, "pass a sqlite3.Connection")


class SqliteExecutor(Executor):
    """One sqlite3 connection."""

    kind = "sqlite3"
    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (sqlite3.Error,)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._job: Job | None = None

    def outside_transaction(self) -> str | None:
        return None  # another thread may be at work on it: the statement asks, in its turn

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._job = job = Job(sql, args, timeout=timeout, inside=inside, after=self._job)
        return await shielded(lambda: self._in_thread(job), lambda _: self.terminate())

    async def _in_thread(self, job: Job) -> Sequence[Row]:
        def work() -> Sequence[Row]:
            with ConnectionLock(self._connection):
                return job(self._connection)

        try:
            return await in_worker(work)
        except sqlite3.ProgrammingError as exc:
            if "same thread" in str(exc):
                raise UnsupportedConnection("sqlite3.Connection", _THREADS) from exc
            raise

    def refused(self, exc: BaseException, /) -> bool:
        return self._job is None or self._job.refused(exc)

    async def blocks_writers(self) -> str | None:
        def ask() -> str | None:
            with ConnectionLock(self._connection):
                return blocks_writers(self._connection)

        return await in_worker(ask)

    async def abort(self) -> bool:
        job = self._job
        if job is None or not job.started:
            return False
        if job.aborted is None:
            await in_worker(lambda: self._abort(job))
        return bool(job.aborted)

    def _abort(self, job: Job) -> None:
        # Alone: setting an authorizer waits for another thread's statement without
        # letting go of the GIL, which a callback of that statement may need.
        with ConnectionLock(self._connection), suppress(sqlite3.ProgrammingError):  # closed
            job.abort(self._connection)

    def watch(self, watcher: Watcher, /) -> None:
        if self._job is not None:
            self._job.watch(watcher)

    def terminate(self) -> None:
        job = self._job
        if job is None or job.cancelled:
            return
        job.cancel()
        if job.done and job.started:  # in the thread, though nobody has looked
            self._abort(job)


class _Counted:
    """A lock, and how many threads hold it or wait for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.users = 0


# By identity, and only while in use: a sqlite3.Connection can't be referenced weakly.
_locks: dict[int, _Counted] = {}
_locks_lock = Lock()


class ConnectionLock:
    """One thread at a time: sqlite3 checks for a transaction and begins one in two steps.

    Args:
        connection: the connection to lock.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._key = id(connection)

    def __enter__(self) -> None:
        with _locks_lock:
            self._counted = _locks.setdefault(self._key, _Counted())
            self._counted.users += 1
        self._counted.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._counted.lock.release()
        with _locks_lock:
            self._counted.users -= 1
            if not self._counted.users:
                del _locks[self._key]
