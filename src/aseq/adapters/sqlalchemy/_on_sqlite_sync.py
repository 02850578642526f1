"""Draws on SQLite, through SQLAlchemy and the standard library's sqlite3."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Row
from aseq.adapters._sqlite import Unusable, integers, make_unusable, waiting_at_most
from aseq.adapters.base import TransactionEnded, Watcher

from ._executor import SQLAlchemySyncExecutor, rows_of
from ._sent_to_sqlite import Telling, was_refused
from ._session import ENDED
from ._sqlite import IMMEDIATE, begins_immediate, blocks_writers_sync, unsafe_sync


class SqliteSyncExecutor(SQLAlchemySyncExecutor):
    """On SQLite in sync code."""

    dialect = SQLITE
    _changes = 0
    _aborted: bool | None = None
    _unusable: Unusable | None = None
    _advice: str | None = None

    def prepare(self) -> None:
        super().prepare()
        self._advice = unsafe_sync(self._connection, self._driver)

    def _outside(self) -> str | None:
        return self._advice

    def blocks_writers(self) -> str | None:
        """As `OneWriter.blocks_writers`."""
        if begins_immediate(self._source.engine):
            return IMMEDIATE
        return blocks_writers_sync(self._source.connect()[1])

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        connection = self._connection

        def begin() -> None:
            # A driver that begins by itself has done so by now.
            if inside and not self._driver.in_transaction:
                raise TransactionEnded(ENDED)

        def scalar(pragma: str) -> Any:
            return connection.exec_driver_sql(pragma).scalar_one()

        if inside and (advice := self.outside_transaction()) is not None:
            raise TransactionEnded(advice)
        bound = tuple(Telling.of(arg, begin) for arg in args)
        with nullcontext() if timeout is None else waiting_at_most(scalar, timeout):
            self._changes, self._sent = self._driver.total_changes, True
            rows = rows_of(connection, sql, bound)
        if inside:
            rows = integers(rows)
            self._own.drawn()
        return rows

    def refused(self, exc: BaseException, /) -> bool:
        return not self._sent or was_refused(exc, self._changes, self._driver)

    def abort(self) -> bool:
        if not self._sent:
            return False
        if self._connection.invalidated:  # by SQLAlchemy, after an interrupt: it was closed
            return True
        if self._aborted is None and self._own.current:
            self.terminate()
        return bool(self._aborted)

    def watch(self, watcher: Watcher, /) -> None:
        if self._unusable is not None:
            self._unusable.watcher = watcher

    def terminate(self) -> None:
        if self._connection.invalidated:
            return
        self._own.lost()
        with suppress(sqlite3.ProgrammingError):  # closed: the transaction is over
            self._unusable = make_unusable(self._driver) or self._unusable
            self._aborted = self._unusable is not None
