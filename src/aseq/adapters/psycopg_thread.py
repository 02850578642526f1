"""psycopg 3: the sync `Connection`, driven in worker threads; natively on trio too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import psycopg
from psycopg.abc import AdaptContext
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from aseq._core.dialects import POSTGRESQL
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._guard import to_the_end

from ._call import Call, Dropped
from .base import Executor
from .psycopg import SPOIL, autocommits

T = TypeVar("T")


class _Query(SQL):
    """A query that tells when psycopg is about to send it.

    Threads on one connection wait for each other inside psycopg: until then, waking the
    connection would hit another one's statement.
    """

    begin: Callable[[], None]

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        self.begin()
        return super().as_bytes(context)


class PsycopgThreadExecutor(Executor):
    """One sync psycopg connection."""

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (psycopg.Error,)

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._call: Call[Sequence[Row]] | None = None

    async def prepare(self) -> None:
        # Another thread's statement hides whether there is a transaction.
        if self._connection.info.transaction_status is TransactionStatus.ACTIVE:
            await _in_thread(self._when_free)

    def _when_free(self) -> None:
        with self._connection.lock:
            pass

    def autocommits(self) -> str | None:
        return autocommits(self._connection, "with conn.transaction():")

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        await anyio.lowlevel.checkpoint_if_cancelled()
        query = _Query(sql)  # pyright: ignore[reportArgumentType]
        self._call = call = Call(
            lambda: self._execute(query, args), self._connection.cancel_safe, self._spoil
        )
        query.begin = call.begin

        async def work() -> Sequence[Row]:
            try:
                return await _in_thread(call)
            except Dropped:
                return ()

        return await to_the_end(work, call.drop)

    def _execute(self, query: SQL, args: tuple[Bind, ...]) -> Sequence[Row]:
        cursor = psycopg.Cursor(self._connection, row_factory=tuple_row)
        cursor.execute(query, args)
        return cursor.fetchall() if cursor.description else ()

    def _spoil(self) -> None:
        with suppress(*self.driver_errors):
            psycopg.Cursor(self._connection).execute(SPOIL)

    async def spoil(self) -> bool:
        if self._call is None or not self._call.ran:
            return False
        await _in_thread(self._spoil)  # the call may have ended before it was dropped
        status = self._connection.info.transaction_status
        return self._connection.closed or status is TransactionStatus.INERROR

    def abandon(self) -> None:
        if self._call is not None:
            self._call.drop()
            if self._call.over:
                self._connection.close()


async def _in_thread(work: Callable[[], T]) -> T:
    # A limiter of its own: those that wait for a lock must not take every thread from
    # the one that holds it.
    return await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))
