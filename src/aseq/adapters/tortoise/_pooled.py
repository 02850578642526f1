"""Servers under Tortoise: the adapters of the drivers, in the client's turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tortoise.exceptions import BaseORMException

from aseq._core.dialects import Dialect
from aseq._core.statement import Bind, Row
from aseq._core.table import TableName
from aseq.adapters._innodb import NoRollback
from aseq.adapters._mysql import MySQLExecutor
from aseq.adapters.base import Executor, TransactionEnded, Watcher

from ._block import ENDED, OUTSIDE, blocks, check_open, is_in_block


class PooledClient(Executor):
    """One client of Tortoise.

    Args:
        client: the client.
        driver: makes the executor for the connection under it.
        dialect: of the server, until that has said more of itself.
        translate: decorates what talks to the driver, so that Tortoise's errors come of it.
    """

    kind = "tortoise"

    def __init__(
        self,
        client: Any,
        driver: type[Any],
        dialect: Dialect,
        translate: Callable[[Any], Any],
    ) -> None:
        self._client = client
        self._driver = driver
        self.dialect = dialect
        self._fetch = translate(_fetch)
        self._in_block = is_in_block(client)
        self._executor: Executor | None = None
        self.paramstyle = driver.paramstyle
        errors = (BaseORMException, *driver.driver_errors)
        self.driver_errors = errors  # pyright: ignore[reportAttributeAccessIssue]

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """The client's turn, and under it the connection: each nested client has its own turns.

        Outside of a block there is no connection yet, and no transaction to keep whole.
        """
        if not self._in_block:
            yield
            return
        async with self._client.acquire_connection() as connection:
            check_open(self._client)  # it may have ended while this waited for its turn
            self._executor = executor = self._connected_by(connection)
            async with executor.hold():
                check_open(self._client)
                yield

    def locate(self, table: TableName) -> TableName:
        return table if self._executor is None else self._executor.locate(table)

    async def prepare(self) -> None:
        if self._executor is not None:
            await self._executor.prepare()
            self.dialect = self._executor.dialect  # by now more is known of the server

    def outside_transaction(self) -> str | None:
        if self._executor is None:
            return OUTSIDE
        return None if self._executor.outside_transaction() is None else ENDED

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        async with self._connected() as executor:
            self._client.log.debug("%s: %s", sql, args)
            try:
                rows: Sequence[Row] = await self._fetch(
                    self._client, executor, sql, args, inside
                )
            except NoRollback:
                raise
            except TransactionEnded:
                raise TransactionEnded(ENDED) from None
            return rows

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Executor]:
        if self._executor is not None:
            yield self._executor
            return
        async with self._client.acquire_connection() as connection:
            executor = self._connected_by(connection)
            async with executor.hold():
                yield executor

    def _connected_by(self, connection: Any) -> Executor:
        executor: Executor = self._driver(connection)
        self.dialect = executor.dialect
        return executor

    def refused(self, exc: BaseException, /) -> bool:
        if self._executor is None:  # whatever was drawn was committed by itself
            return True
        return any(self._executor.refused(each) for each in _wrapped(exc))

    async def abort(self) -> bool:
        if self._executor is None or not await self._executor.abort():
            return False
        if isinstance(self._executor, MySQLExecutor):
            _let_errors_pass(self._client)
        return True

    def watch(self, watcher: Watcher, /) -> None:
        if self._executor is not None:
            self._executor.watch(watcher)

    def terminate(self) -> None:
        if self._executor is not None:
            self._executor.terminate()


async def _fetch(
    _client: Any, executor: Executor, sql: str, args: tuple[Bind, ...], inside: bool
) -> Sequence[Row]:
    return await executor.fetch(sql, args, inside=inside)


def _let_errors_pass(client: Any) -> None:
    """Keep Tortoise from rolling back on a connection that is closed.

    The driver's error would take the place of the one that leaves the block: of the deadlock
    that is worth another try, or of the cancellation. A COMMIT still ends in it.
    """
    for block in blocks(client):
        vars(block).update(rollback=_nothing, savepoint_rollback=_nothing)


async def _nothing() -> None:
    """The server has rolled back."""


def _wrapped(exc: BaseException) -> Iterator[BaseException]:
    """An error of Tortoise's, and what it was made of: its backends say so in two ways."""
    for each in (exc, exc.__cause__, *exc.args[:1]):
        if isinstance(each, BaseException):
            yield each
