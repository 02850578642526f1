"""psycopg 3: `AsyncConnection`, whatever its row and cursor factories.

The caller itself holds `connection.lock`, an asyncio.Lock: from before the draw until it has
resumed with the number, or until the end of the abort. The statement runs in a task of its own,
which is never cancelled: cancelled once, psycopg would ask the server to cancel and read on, as
is wanted, but without a limit that is ours; and cancelled again, as a scope of anyio does, it
would close the connection. Instead the server is asked from outside, and if it doesn't react,
the socket is shut down, so that whatever waits on it ends.

See `_psycopg` for why the lock, and what is asked under it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import psycopg
from psycopg.pq.abc import PGresult

from aseq._concurrency.call import CANCEL_TIMEOUT
from aseq._concurrency.interrupt import interruptible
from aseq._concurrency.shield import shielded
from aseq._core.statement import Bind, Row

from ._psycopg import HeldCursor, PsycopgConnection, read
from .base import Executor, unsupported

T = TypeVar("T")

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


class HeldAsync(HeldCursor):
    """Mixed into an awaited cursor."""

    async def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        """As the cursor's own, which would wait for the lock."""
        cursor: Any = self
        await cursor.connection.wait(self.held_execute_gen(query, params))
        return self


class HeldAsyncCursor(HeldAsync, psycopg.AsyncCursor[Any]):
    """A cursor of an `AsyncConnection` whose lock is held."""


class PsycopgExecutor(PsycopgConnection, Executor):
    """One psycopg connection that is awaited."""

    block = "async with conn.transaction():"
    _unwanted = False

    def hold(self) -> AbstractAsyncContextManager[object]:
        self.note_status()
        lock: AbstractAsyncContextManager[object] = self._connection.lock
        return lock

    async def prepare(self) -> None:
        if self._connection._pipeline is not None:
            await self._talk(lambda: self._connection.wait(self.sync_gen()))

    async def fetch(
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
        result = await self._talk(lambda: self.execute(sql, args, self._before_sending))
        return read(result)

    async def execute(
        self, sql: str, args: tuple[Bind, ...], before_sending: Callable[[], object]
    ) -> PGresult | None:
        """Run one statement, under the lock."""
        cursor = HeldAsyncCursor(self._connection)
        cursor.before_sending = before_sending
        await cursor.execute(sql, args)
        return cursor.pgresult

    async def _talk(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await interruptible(work, self._interrupt, self.terminate)

    def _before_sending(self) -> None:
        if self._unwanted:  # cancelled while psycopg was in its own BEGIN
            raise psycopg.errors.QueryCanceled("the call was cancelled before it was sent")
        self.mark_sent()

    async def _interrupt(self) -> None:
        self._unwanted = True
        await self._connection.cancel_safe(timeout=CANCEL_TIMEOUT)

    async def abort(self) -> bool:
        if not self._sent:
            return False
        cursor = HeldAsyncCursor(self._connection)
        return await shielded(
            lambda: self._connection.wait(self.abort_gen(cursor)), lambda _: self.terminate()
        )
