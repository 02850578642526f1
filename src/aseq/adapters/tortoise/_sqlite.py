"""SQLite under Tortoise: one connection for the whole process.

A lost number can't be kept from being committed by an authorizer, as elsewhere: Tortoise
may end a block without a ROLLBACK, and all others then use the same connection. So the
transaction is rolled back at once, and whatever still has the connection because of it
loses it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from tortoise.backends.base.client import ConnectionWrapper, TransactionalDBClient
from tortoise.backends.sqlite.client import translate_exceptions
from tortoise.exceptions import BaseORMException

from aseq._concurrency.shield import shielded
from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters._instances import instances
from aseq.adapters._sqlite import BLOCKS_WRITERS, Job, noop
from aseq.adapters._thread import in_thread_of, post_to_thread_of
from aseq.adapters.base import Executor, TransactionEnded, Watcher

from ._block import ENDED, OUTSIDE, LostConnection, blocks, check_open, is_in_block


class SqliteClient(Executor):
    """One client of Tortoise."""

    kind = "tortoise"
    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (BaseORMException, sqlite3.Error)

    def __init__(self, client: Any) -> None:
        self._client = client
        self._connection: Any = None
        self._job: Job | None = None
        self._dropped = False
        self._lost: LostConnection | None = None

    def outside_transaction(self) -> str | None:
        return None if is_in_block(self._client) else OUTSIDE

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        self._job = job = Job(sql, args, timeout=timeout, abort=noop)

        def statement(connection: sqlite3.Connection) -> Sequence[Row]:
            if is_in_block(self._client) and not connection.in_transaction:
                raise TransactionEnded(ENDED)  # by the database, or its COMMIT came first
            return job(connection)

        async with self._client.acquire_connection() as connection:
            check_open(self._client)  # it may have ended while this waited for its turn

            async def work() -> Sequence[Row]:
                if self._dropped:
                    return ()
                self._connection = connection
                self._client.log.debug("%s: %s", sql, args)
                rows: Sequence[Row] = await _run(self._client, sql, connection, statement)
                return rows

            try:
                return await shielded(work, lambda _: self.terminate())
            except BaseException as exc:
                if not self.refused(exc):
                    self.terminate()  # before the next statement gets its turn
                raise

    def refused(self, exc: BaseException, /) -> bool:
        if self._job is None:
            return True
        # Tortoise wraps an error in one of its own, without `from`.
        inner = next(iter(exc.args), None) if isinstance(exc, BaseORMException) else None
        return self._job.refused(inner if isinstance(inner, sqlite3.Error) else exc)

    async def blocks_writers(self) -> str | None:
        return BLOCKS_WRITERS if is_in_block(self._client) else None

    async def abort(self) -> bool:
        self.terminate()
        if self._lost:
            await in_thread_of(self._connection, noop)  # behind the ROLLBACK
        return self._lost is not None

    def watch(self, watcher: Watcher, /) -> None:
        if self._lost is not None:
            self._lost.watcher = watcher

    def terminate(self) -> None:
        self._dropped = True
        if self._connection is not None and self._lost is None:
            self._lost = lose(self._client, self._connection)


@translate_exceptions
async def _run(
    _client: Any,
    _sql: str,
    connection: Any,
    statement: Callable[[sqlite3.Connection], Sequence[Row]],
) -> Sequence[Row]:
    return await in_thread_of(connection, statement)


def lose(client: Any, connection: Any) -> LostConnection | None:
    """Roll a client's transaction back, so that nothing of it is ever committed.

    Whatever was sent before comes before the ROLLBACK in the connection's thread, and
    after it nothing more can be sent, but by others.

    Returns:
        what stands in the connection's place; None if there was no transaction.
    """
    if not is_in_block(client) or blocks(client)[-1]._finalized:
        return None
    lost = LostConnection()
    for holder, name in _holders(blocks(client)[-1]):
        setattr(holder, name, lost)
        if isinstance(holder, TransactionalDBClient):
            holder._finalized = True
    post_to_thread_of(connection, sqlite3.Connection.rollback)
    return lost


def _holders(outermost: TransactionalDBClient) -> Iterator[tuple[Any, str]]:
    """What has the connection because of a transaction, and the attribute that has it.

    The clients of all its blocks, and statements of theirs that wait for their turn. A
    client doesn't know those nested in it, so the garbage collector is asked.
    """
    for client in instances(TransactionalDBClient):
        if blocks(client)[-1] is outermost:
            yield client, "_connection"
    for wrapper in instances(ConnectionWrapper):
        if is_in_block(wrapper.client) and blocks(wrapper.client)[-1] is outermost:
            yield wrapper, "connection"
