"""psycopg 3: the sync `Connection`, driven in worker threads; natively on trio too."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import anyio.lowlevel
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from aseq._concurrency.call import Call, Dropped, hang_up
from aseq._concurrency.shield import shielded
from aseq._concurrency.worker import in_worker
from aseq._core.dialects import ABORT
from aseq._core.statement import Bind, Row

from ._psycopg import PsycopgConnection, Query

PATIENCE = 1.0
"""Seconds in which a server should hear that it is to cancel."""


class PsycopgThreadExecutor(PsycopgConnection):
    """One sync psycopg connection."""

    block = "with conn.transaction():"
    _call: Call[Sequence[Row]] | None = None

    async def prepare(self) -> None:
        # Another thread's statement hides whether there is a transaction.
        if self._connection.info.transaction_status is TransactionStatus.ACTIVE:
            await in_worker(self._when_free, abandon=True)

    def _when_free(self) -> None:
        with self._connection.lock:
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
        await anyio.lowlevel.checkpoint_if_cancelled()

        def begin() -> None:
            if inside:
                self.check_still_inside()
            call.begin()

        query = Query(sql, begin)
        self._call = call = Call(
            lambda: self._execute(query, args), self._wake, self._abort, self._give_up
        )

        async def work() -> Sequence[Row]:
            try:
                return await in_worker(call)
            except Dropped:
                return ()

        return await shielded(work, call.drop)

    def _execute(self, query: Query, args: tuple[Bind, ...]) -> Sequence[Row]:
        cursor = psycopg.Cursor(self._connection, row_factory=tuple_row)
        with self._answered():
            cursor.execute(query, args)
        return cursor.fetchall() if cursor.description else ()

    def _answered(self) -> AbstractContextManager[Any]:
        """A block at whose end the server has answered, in a pipeline too."""
        return self._connection.pipeline() if self.in_pipeline else nullcontext()

    def _wake(self) -> None:
        self._connection.cancel_safe(timeout=PATIENCE)

    def _give_up(self) -> None:
        with suppress(psycopg.OperationalError):  # it is closed
            hang_up(self._connection.fileno())

    def _abort(self) -> None:
        with suppress(*self.driver_errors):
            psycopg.Cursor(self._connection).execute(ABORT)

    async def abort(self) -> bool:
        if self._call is None or not self._call.ran:
            return False
        await in_worker(self._abort)  # the call may have ended before it was dropped
        return self.aborted

    def terminate(self) -> None:
        if self._call is not None:
            self._call.drop()
            if self._call.over:
                self._connection.close()
