"""Draws on SQLite, through SQLAlchemy and aiosqlite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection

from aseq._concurrency.shield import shielded
from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters._sqlite import Unusable, integers, make_unusable, noop, waiting_at_most
from aseq.adapters._thread import in_thread_of, post_to_thread_of
from aseq.adapters.base import TransactionEnded, Watcher

from ._executor import SQLAlchemyExecutor, rows_of
from ._sent_to_sqlite import Telling, was_refused
from ._session import ENDED, Source
from ._sqlite import (
    IMMEDIATE,
    begins_immediate,
    blocks_writers,
    unsafe,
)


class SqliteExecutor(SQLAlchemyExecutor):
    """On SQLite. The driver's thread can't be stopped, and giving the connection up is no help.

    It would go on with the statement and keep the write lock; a database in memory
    would be gone.
    """

    dialect = SQLITE

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        super().__init__(source, paramstyle)
        self._advice: str | None = None
        self._dropped = False
        self._aborted: bool | None = None
        self._unusable: Unusable | None = None
        self._changes = 0
        self._refusal: Exception | None = None

    async def prepare(self) -> None:
        await shielded(self._prepare)

    async def _prepare(self) -> None:
        await super().prepare()
        self._advice = await unsafe(self._connection, self._driver)

    def _outside(self) -> str | None:
        return self._advice

    async def blocks_writers(self) -> str | None:
        if begins_immediate(self._source.engine):
            return IMMEDIATE
        _, dbapi = await self._source.connect()
        return await blocks_writers(dbapi.driver_connection)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        raw: sqlite3.Connection = self._driver._conn

        def begin() -> None:
            self._sent, self._changes = True, raw.total_changes
            if self._dropped:
                raise TransactionEnded(ENDED)
            # A driver that begins by itself has done so by now.
            if inside and not raw.in_transaction:
                self._sent = False
                raise TransactionEnded(ENDED)

        def statement(connection: Connection) -> Sequence[Row]:
            if inside and (advice := self.outside_transaction()) is not None:
                raise TransactionEnded(advice)
            # Once true, it stays so: an earlier statement of the call may have drawn.
            self._sent = self._sent or not args
            bound = tuple(Telling.of(arg, begin) for arg in args)

            def scalar(pragma: str) -> Any:
                return connection.exec_driver_sql(pragma).scalar_one()

            with nullcontext() if timeout is None else waiting_at_most(scalar, timeout):
                rows = rows_of(connection, sql, bound)
            if inside:
                rows = integers(rows)
                self._own.drawn()
            return rows

        work = partial(self._work, statement, bool(args))
        return await shielded(work, lambda _: self.terminate())

    async def _work(
        self, statement: Callable[[Connection], Sequence[Row]], tells: bool
    ) -> Sequence[Row]:
        """Run a statement that tells when SQLite takes it, or one that can't."""
        if self._dropped:
            return ()
        if not tells:
            self._changes = await in_thread_of(self._driver, _total_changes)
        try:
            return await self._run(statement)
        except Exception as exc:
            with suppress(ValueError):  # closed
                if await in_thread_of(self._driver, partial(was_refused, exc, self._changes)):
                    self._refusal = exc
            raise

    def refused(self, exc: BaseException, /) -> bool:
        return not self._sent or exc is self._refusal

    async def abort(self) -> bool:
        if not self._sent:
            return False
        with suppress(ValueError):  # closed: the transaction is over
            if self._aborted is not None or self._dropped:
                await in_thread_of(self._driver, noop)
            elif self._own.current:
                self._own.lost()
                await in_thread_of(self._driver, self._abort)
        return bool(self._aborted)

    def _abort(self, connection: sqlite3.Connection) -> None:
        self._unusable = make_unusable(connection) or self._unusable
        self._aborted = self._unusable is not None

    def watch(self, watcher: Watcher, /) -> None:
        if self._unusable is not None:
            self._unusable.watcher = watcher

    def terminate(self) -> None:
        if self._dropped:
            return
        self._dropped = True  # first: the thread looks the other way round
        if self._sent and self._own.current:
            self._own.lost()
            post_to_thread_of(self._driver, self._abort)


def _total_changes(raw: sqlite3.Connection) -> int:
    return raw.total_changes
