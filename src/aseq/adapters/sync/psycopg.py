"""psycopg 3 in sync code: `Connection`, whatever its row and cursor factories.

The lock is held as `_psycopg` says, by the thread that called: from before the draw to its
end, or to the end of the abort.

A signal handler may raise while psycopg waits for the server. For Ctrl-C psycopg asks the
server to cancel, and reads on; after anything else (a worker's time limit, say) it leaves a
statement under way. Before the transaction can be aborted, that one is brought to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import psycopg

from aseq._concurrency.call import CANCEL_TIMEOUT, LIMIT
from aseq._concurrency.watchdog import given_up_after
from aseq._core.statement import Bind, Row
from aseq.adapters._psycopg import ACTIVE, HeldSyncCursor, PsycopgConnection, read
from aseq.adapters.base import SyncExecutor, unsupported

_AWAITED = "pass a psycopg.Connection; in async code, use aseq.AsyncSequence"

_HINTS = {
    "AsyncConnection": _AWAITED,
    "AsyncConnectionPool": _AWAITED,
    "AsyncCursor": _AWAITED,
    "AsyncTransaction": _AWAITED,
    "ConnectionPool": "take a connection: `with pool.connection() as conn:`",
    "Cursor": "pass the connection: `cursor.connection`",
    "Transaction": "pass the connection: `transaction.connection`",
}


def executor_for(connection: object, /) -> SyncExecutor:
    """The executor for a psycopg connection."""
    if isinstance(connection, psycopg.Connection):
        return PsycopgSyncExecutor(connection)
    raise unsupported(connection, _HINTS, "pass a psycopg.Connection")


class PsycopgSyncExecutor(PsycopgConnection, SyncExecutor):
    """One psycopg connection of sync code."""

    block = "with conn.transaction():"
    _talk: Any = None

    def hold(self) -> AbstractContextManager[object]:
        self.note_status()
        lock: AbstractContextManager[object] = self._connection.lock
        return lock

    def prepare(self) -> None:
        if self._connection._pipeline is not None:
            self._connection.wait(self.sync_gen())

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        if inside:
            self.check_inside()
        cursor = HeldSyncCursor(self._connection)
        cursor.before_sending = self.mark_sent
        self._talk = cursor.held_execute_gen(sql, args)
        self._connection.wait(self._talk)
        return read(cursor.pgresult)

    def abort(self) -> bool:
        if not self._sent:
            return False
        with given_up_after(LIMIT, self.terminate):
            if self.status() == ACTIVE:
                self._connection.cancel_safe(timeout=CANCEL_TIMEOUT)
                with suppress(psycopg.Error):
                    self._connection.wait(self._talk)
            cursor = HeldSyncCursor(self._connection)
            aborted: bool = self._connection.wait(self.abort_gen(cursor))
            return aborted
