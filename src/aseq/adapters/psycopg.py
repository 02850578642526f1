"""psycopg 3: `AsyncConnection`, whatever its row and cursor factories."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from aseq._concurrency.shield import shielded
from aseq._core.dialects import ABORT
from aseq._core.statement import Bind, Row

from ._psycopg import PsycopgConnection, Query
from .base import Executor, unsupported

_HINTS = {
    "AsyncConnectionPool": "take a connection: `async with pool.connection() as conn:`",
    "ConnectionPool": "take a connection: `with pool.connection() as conn:`",
    "AsyncCursor": "pass the connection: `cursor.connection`",
    "AsyncTransaction": "pass the connection: `transaction.connection`",
    "Cursor": "pass the connection: `cursor.connection`",
    "Transaction": "pass the connection: `transaction.connection`",
}


def executor_for(connection: object, /) -> Executor:
    """The executor for a psycopg connection."""
    if isinstance(connection, psycopg.AsyncConnection):
        return PsycopgExecutor(connection)
    if isinstance(connection, psycopg.Connection):
        from .psycopg_thread import PsycopgThreadExecutor

        return PsycopgThreadExecutor(connection)
    raise unsupported(connection, _HINTS, "pass a psycopg.AsyncConnection or Connection")


class PsycopgExecutor(PsycopgConnection):
    """One psycopg connection that is awaited."""

    block = "async with conn.transaction():"
    _sent = False

    async def prepare(self) -> None:
        # Another task's statement hides whether there is a transaction. (In a
        # pipeline it stays hidden until a sync.)
        if self._connection.info.transaction_status is TransactionStatus.ACTIVE:
            async with self._connection.lock:
                pass

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        nowait: bool = False,
        inside: bool = False,
    ) -> Sequence[Row]:
        query = Query(sql, lambda: self._begin(inside=inside))

        # In a task of its own, so that an anyio timeout reaches it once only: it then
        # asks the server to cancel, and the connection stays usable.
        async def execute() -> Sequence[Row]:
            cursor = self.cursor()
            async with self._answered():
                await cursor.execute(query, args)
            result = cursor.pgresult  # a `description` is costly
            return await cursor.fetchall() if result and result.nfields else ()

        return await shielded(execute, lambda task: task and task.cancel())

    def _begin(self, *, inside: bool) -> None:
        if inside:
            self.check_still_inside()
        self._sent = True

    def cursor(self) -> psycopg.AsyncCursor[Any]:
        """What a statement is executed with, whose rows are tuples."""
        return psycopg.AsyncCursor(self._connection, row_factory=tuple_row)

    def _answered(self) -> AbstractAsyncContextManager[object]:
        """A block at whose end the server has answered, in a pipeline too."""
        if self.in_pipeline:
            pipeline: AbstractAsyncContextManager[object] = self._connection.pipeline()
            return pipeline
        return nullcontext()

    async def abort(self) -> bool:
        if not self._sent:
            return False
        with suppress(*self.driver_errors):
            await psycopg.AsyncCursor(self._connection).execute(ABORT)
        return self.aborted

    def terminate(self) -> None:
        self._connection.pgconn.finish()
