"""SQLite in sync code: the standard library's `Connection`, in the thread that called.

Threads that share one have to take turns, as sqlite3 itself demands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters._sqlite import Job, blocks_writers, make_unusable, outside_transaction
from aseq.adapters.base import SyncExecutor, Watcher, unsupported

_HINTS = {"Cursor": "pass the connection: `cursor.connection`"}


def executor_for(connection: object, /) -> SyncExecutor:
    """The executor for a sqlite3 connection."""
    if isinstance(connection, sqlite3.Connection):
        return SqliteSyncExecutor(connection)
    raise unsupported(connection, _HINTS, "pass a sqlite3.Connection")


class SqliteSyncExecutor(SyncExecutor):
    """One sqlite3 connection of sync code."""

    kind = "sqlite3"
    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (sqlite3.Error,)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._job: Job | None = None

    def outside_transaction(self) -> str | None:
        return outside_transaction(self._connection)

    def blocks_writers(self) -> str | None:
        """As `OneWriter.blocks_writers`."""
        return blocks_writers(self._connection)

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        self._job = job = Job(sql, args, timeout=timeout, inside=inside, after=self._job)
        return job(self._connection)

    def refused(self, exc: BaseException, /) -> bool:
        return self._job is None or self._job.refused(exc)

    def abort(self) -> bool:
        job = self._job
        if job is None or not job.started:
            return False
        if not job.aborted:
            job.abort(self._connection)
        return bool(job.aborted)

    def watch(self, watcher: Watcher, /) -> None:
        if self._job is not None:
            self._job.watch(watcher)

    def terminate(self) -> None:
        with suppress(sqlite3.Error):  # it is closed
            make_unusable(self._connection)
