"""Piccolo on SQLite, which is aiosqlite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aseq.adapters.aiosqlite import AiosqliteExecutor
from aseq.adapters.base import Executor

from ._outside import OUTSIDE, Outside


class SqliteBlock(AiosqliteExecutor):
    """A transaction's connection."""

    kind = "piccolo"

    def __init__(self, transaction: Any) -> None:
        super().__init__(transaction.connection)
        self._transaction = transaction

    def _outside(self, connection: Any) -> str | None:
        return None if super()._outside(connection) is None else OUTSIDE

    async def abort(self) -> bool:
        aborted = await super().abort()
        if aborted:
            self._transaction._rolled_back = True
        return aborted

    def terminate(self) -> None:
        super().terminate()
        if self._job is not None and self._job.started:
            self._transaction._rolled_back = True


class OutsideSqlite(Outside):
    """Opens a connection for each statement."""

    dialect = AiosqliteExecutor.dialect
    paramstyle = AiosqliteExecutor.paramstyle
    driver_errors = AiosqliteExecutor.driver_errors

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Executor]:
        connection = await self._engine.get_connection()
        try:
            yield AiosqliteExecutor(connection)
        finally:
            await connection.close()
