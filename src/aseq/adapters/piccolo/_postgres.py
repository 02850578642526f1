"""Piccolo on PostgreSQL, which is asyncpg."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aseq.adapters.asyncpg import AsyncpgExecutor
from aseq.adapters.base import Executor

from ._outside import OUTSIDE, Outside


class PostgresBlock(AsyncpgExecutor):
    """A transaction's connection."""

    kind = "piccolo"

    def __init__(self, transaction: Any) -> None:
        super().__init__(transaction.connection)
        self._transaction = transaction

    def outside_transaction(self) -> str | None:
        return None if super().outside_transaction() is None else OUTSIDE

    def terminate(self) -> None:
        super().terminate()
        self._transaction._rolled_back = True


class OutsidePostgres(Outside):
    """Takes connections from the engine's pool, or opens them."""

    dialect = AsyncpgExecutor.dialect
    paramstyle = AsyncpgExecutor.paramstyle
    driver_errors = AsyncpgExecutor.driver_errors

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Executor]:
        if self._engine.pool:
            async with self._engine.pool.acquire() as connection:
                yield AsyncpgExecutor(connection)
            return
        connection = await self._engine.get_new_connection()
        try:
            yield AsyncpgExecutor(connection)
        finally:
            await connection.close()
