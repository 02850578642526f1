"""An engine where no transaction is open: each statement has a connection of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aseq._core.statement import Bind, Row
from aseq.adapters.base import Executor

BLOCK = "`async with DB.transaction():`"

OUTSIDE = f"open one with {BLOCK}"


class Outside(Executor):
    """What only looks can be run on it; what draws is refused, unless it is to be.

    Args:
        engine: Piccolo's.
    """

    kind = "piccolo"

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    @abstractmethod
    def connected(self) -> AbstractAsyncContextManager[Executor]:
        """A connection for the length of the block, as its driver's executor."""

    def outside_transaction(self) -> str | None:
        return OUTSIDE

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        async with self.connected() as driver:
            return await driver.fetch(sql, args, timeout=timeout, inside=inside)

    async def abort(self) -> bool:
        return False

    def terminate(self) -> None:
        return
