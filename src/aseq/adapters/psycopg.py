"""psycopg 3: `AsyncConnection`, whatever its row and cursor factories."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Any, ClassVar

import psycopg
from psycopg.abc import AdaptContext
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from aseq._core.dialects import POSTGRESQL
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._guard import to_the_end

from .base import Executor, unsupported

SPOIL = "ROLLBACK TO SAVEPOINT aseq_lost_a_number"
"""There is no such savepoint, so the server aborts the transaction, and frees its locks."""

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


def autocommits(
    connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any], block: str
) -> str | None:
    """Whether a statement would be committed by itself: if so, which block to open."""
    status = connection.info.transaction_status
    if not connection.autocommit or status is TransactionStatus.INTRANS:
        return None
    if status is TransactionStatus.INERROR:
        return None  # the server's own error says it best
    if status is TransactionStatus.ACTIVE:
        return "the connection is in autocommit mode: sync the pipeline inside a transaction"
    return f"the connection is in autocommit mode: open a transaction with `{block}`"


class _Query(SQL):
    """A query that knows whether psycopg has begun to send it.

    Two tasks on one connection wait for each other inside psycopg. One that is
    cancelled while it waits has sent nothing, and must not spoil the other's work.
    """

    sent = False

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        self.sent = True
        return super().as_bytes(context)


class PsycopgExecutor(Executor):
    """One psycopg connection."""

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._sent = False

    async def prepare(self) -> None:
        # Another task's statement hides whether there is a transaction. (In a
        # pipeline it stays hidden until a sync.)
        if self._connection.info.transaction_status is TransactionStatus.ACTIVE:
            async with self._connection.lock:
                pass

    def autocommits(self) -> str | None:
        return autocommits(self._connection, "async with conn.transaction():")

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        # In a task of its own, so that an anyio timeout reaches it once only: it then
        # asks the server to cancel, and the connection stays usable.
        query = _Query(sql)  # pyright: ignore[reportArgumentType]

        async def execute() -> Sequence[Row]:
            cursor = self.cursor()
            async with self._answered():
                await cursor.execute(query, args)
            result = cursor.pgresult  # a `description` is costly
            return await cursor.fetchall() if result and result.nfields else ()

        try:
            return await to_the_end(execute, lambda task: task and task.cancel())
        finally:
            self._sent = query.sent

    def cursor(self) -> psycopg.AsyncCursor[Any]:
        """What a statement is executed with, whose rows are tuples."""
        return psycopg.AsyncCursor(self._connection, row_factory=tuple_row)

    def _answered(self) -> AbstractAsyncContextManager[object]:
        """A block at whose end the server has answered, in a pipeline too."""
        if self._connection.info.pipeline_status is PipelineStatus.OFF:
            return nullcontext()
        return self._connection.pipeline()

    async def spoil(self) -> bool:
        if not self._sent:
            return False
        with suppress(*self.driver_errors):
            await psycopg.AsyncCursor(self._connection).execute(SPOIL)
        status = self._connection.info.transaction_status
        return self._connection.closed or status is TransactionStatus.INERROR

    def abandon(self) -> None:
        self._connection.pgconn.finish()
