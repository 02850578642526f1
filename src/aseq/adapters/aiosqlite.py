"""aiosqlite: `Connection`, which runs everything in a thread of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

import aiosqlite

from aseq._concurrency.shield import in_sequence
from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row

from ._sqlite import Job, blocks_writers, noop, outside_transaction
from ._thread import in_thread_of, post_to_thread_of
from .base import Executor, Watcher, unsupported

_HINTS = {"Cursor": "pass the connection that the cursor came from"}


def executor_for(connection: object, /) -> Executor:
    """The executor for an aiosqlite connection."""
    if isinstance(connection, aiosqlite.Connection):
        return AiosqliteExecutor(connection)
    raise unsupported(connection, _HINTS, "pass an aiosqlite.Connection")


class AiosqliteExecutor(Executor):
    """One aiosqlite connection."""

    kind = "aiosqlite"
    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (sqlite3.Error,)

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._job: Job | None = None

    def outside_transaction(self) -> str | None:
        return None  # only the connection's own thread may ask: the statement does, first

    def _outside(self, connection: sqlite3.Connection) -> str | None:
        """In that thread: whether a write would be committed by itself; if so, what to do."""
        return outside_transaction(connection)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        self._job = job = Job(
            sql, args, timeout=timeout, inside=inside, outside=self._outside, after=self._job
        )
        return await in_sequence(
            lambda: in_thread_of(self._connection, job),
            lambda: in_thread_of(self._connection, noop),
            self.terminate,
        )

    def refused(self, exc: BaseException, /) -> bool:
        return self._job is None or self._job.refused(exc)

    async def blocks_writers(self) -> str | None:
        return await in_thread_of(self._connection, blocks_writers)

    async def abort(self) -> bool:
        job = self._job
        if job is None or not job.started:
            return False
        if job.aborted is None:
            with suppress(ValueError):  # closed: the transaction is over
                await in_thread_of(self._connection, job.abort)
        return bool(job.aborted)

    def watch(self, watcher: Watcher, /) -> None:
        if self._job is not None:
            self._job.watch(watcher)

    def terminate(self) -> None:
        job = self._job
        if job is None or job.cancelled:
            return
        job.cancel()
        if job.done:  # in the thread, though nobody has looked
            post_to_thread_of(self._connection, job.abort)
