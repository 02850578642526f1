"""psycopg 3: the sync `Connection`, driven in worker threads; natively on trio too.

`connection.lock` is a threading.Lock here. The worker thread takes it, and what runs in the
event loop gives it back, when the caller has resumed with the number or the transaction was
aborted. A task that calls the connection's own methods keeps the loop from turning while it
waits for that lock, and the caller would never resume; so the lock is given back without its
word after a moment (`lease.GRACE`). If the caller turns out to have been cancelled after that,
somebody's savepoint may have begun since the draw, and an abort could be undone: then the
connection is closed.

A thread that waits for the server can't be cancelled. Another one asks the server to cancel the
statement, again and again, and at last shuts the socket down. It has ended before the lock is
given back: a request that comes late would hit the next statement.

See `_psycopg` for why the lock, and what is asked under it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio.lowlevel
from psycopg.pq import TransactionStatus

from aseq._concurrency.call import CANCEL_TIMEOUT, Cancelled, Job
from aseq._concurrency.lease import Lease, LeaseExpired
from aseq._concurrency.shield import shielded
from aseq._concurrency.worker import in_worker
from aseq._core.statement import Bind, Row

from ._psycopg import ACTIVE, IDLE, INERROR, HeldSyncCursor, PsycopgConnection, read
from .base import Executor


class PsycopgThreadExecutor(PsycopgConnection, Executor):
    """One sync psycopg connection."""

    block = "with conn.transaction():"
    _call: Job[Sequence[Row]] | None = None

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._lease = Lease(connection.lock)
        self._left_in: TransactionStatus | None = None

    def hold(self) -> AbstractAsyncContextManager[object]:
        self.note_status()
        return self._until_the_lease_ends()

    @asynccontextmanager
    async def _until_the_lease_ends(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._lease.end()

    def outside_transaction(self) -> str | None:
        # Another thread's statement, or a pipeline, hides whether there is a transaction.
        # It is asked under the lock, by `check_inside`.
        if self.status() == ACTIVE or self._connection._pipeline is not None:
            return None
        return super().outside_transaction()

    def status(self) -> TransactionStatus:
        """As it is, or as it was when the lock was held last."""
        if self._left_in is not None and not self._lease.held:
            return self._left_in
        return super().status()

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
        self._call = call = Job(
            lambda: self._execute(call, sql, args, inside=inside),
            self._wake,
            lambda: None,
            self.terminate,
        )

        async def work() -> Sequence[Row]:
            try:
                return await in_worker(lambda: self._with_lock(call))
            except Cancelled:
                return ()

        return await shielded(work, call.cancel)

    def _with_lock(self, call: Job[Sequence[Row]]) -> Sequence[Row]:
        with self._lease.taken(call.check_wanted):
            try:
                return call()
            finally:
                self._left_in = super().status()

    def _execute(
        self, call: Job[Sequence[Row]], sql: str, args: tuple[Bind, ...], *, inside: bool
    ) -> Sequence[Row]:
        call.begin()
        if self._connection._pipeline is not None:
            self._connection.wait(self.sync_gen())
        if inside:
            self.check_inside()

        def before_sending() -> None:
            call.check_wanted()
            self.mark_sent()

        cursor = HeldSyncCursor(self._connection)
        cursor.before_sending = before_sending
        self._connection.wait(cursor.held_execute_gen(sql, args))
        return read(cursor.pgresult)

    def _wake(self) -> None:
        self._connection.cancel_safe(timeout=CANCEL_TIMEOUT)

    async def abort(self) -> bool:
        if not self._sent:
            return False
        return await shielded(lambda: in_worker(self._abort), lambda _: self.terminate())

    def _abort(self) -> bool:
        try:
            with self._lease.kept():
                cursor = HeldSyncCursor(self._connection)
                aborted: bool = self._connection.wait(self.abort_gen(cursor))
                return aborted
        except LeaseExpired:
            if self._left_in in (IDLE, INERROR):
                return self._left_in == INERROR
            raise
