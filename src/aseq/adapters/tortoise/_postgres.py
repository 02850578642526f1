"""PostgreSQL under Tortoise: the adapters of the drivers, in the client's turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tortoise.backends.base_postgres.client import translate_exceptions

from aseq._core.dialects import POSTGRESQL
from aseq._core.statement import Bind, Row
from aseq.adapters.base import Executor, TransactionEnded

from ._block import ENDED, OUTSIDE, check_open, is_in_block


class PostgresClient(Executor):
    """One client of Tortoise.

    Attributes:
        driver: the executor for the connection under it.
    """

    dialect = POSTGRESQL
    driver: ClassVar[type[Any]]

    def __init__(self, client: Any) -> None:
        self._client = client
        self._in_block = is_in_block(client)
        self._executor: Executor | None = None

    async def prepare(self) -> None:
        if self._in_block:
            await self.driver(self._client._connection).prepare()

    def outside_transaction(self) -> str | None:
        if not self._in_block:
            return OUTSIDE
        outside = self.driver(self._client._connection).outside_transaction() is not None
        return ENDED if outside else None

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        nowait: bool = False,
        inside: bool = False,
    ) -> Sequence[Row]:
        async with self._client.acquire_connection() as connection:
            check_open(self._client)  # it may have ended while this waited for its turn
            self._executor = executor = self.driver(connection)
            if inside and self._in_block and executor.outside_transaction() is not None:
                raise TransactionEnded(ENDED)
            self._client.log.debug("%s: %s", sql, args)
            rows: Sequence[Row] = await _fetch(self._client, executor, sql, args)
            return rows

    async def abort(self) -> bool:
        if self._executor is None or not self._in_block:
            return False
        async with self._client.acquire_connection():
            return await self._executor.abort()

    def terminate(self) -> None:
        if self._executor is not None and self._in_block:
            self._executor.terminate()


@translate_exceptions
async def _fetch(
    _client: Any, executor: Executor, sql: str, args: tuple[Bind, ...]
) -> Sequence[Row]:
    return await executor.fetch(sql, args)
