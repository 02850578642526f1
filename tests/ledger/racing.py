"""Two requests with one key at the same moment, again and again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from aseq import is_retryable

Request = Callable[[asyncpg.Connection, str], Awaitable[Any]]


class Races:
    """What came out of them.

    Attributes:
        numbers: what each key got.
        errors: how many of which class ended a transaction for good.
        retries: how many transactions had to be tried again.
    """

    def __init__(self, isolation: str, request: Request) -> None:
        self._isolation, self._request = isolation, request
        self.numbers: dict[str, list[Any]] = {}
        self.errors = Counter[str]()
        self.retries = 0

    async def run(self, pool: asyncpg.Pool, keys: list[str], rivals: int = 2) -> None:
        """Each key is asked for by so many at once; one key after the other."""
        for key in keys:
            await asyncio.gather(*(self._one(pool, key) for _ in range(rivals)))

    async def _one(self, pool: asyncpg.Pool, key: str) -> None:
        for _ in range(20):
            try:
                async with pool.acquire() as conn, conn.transaction(isolation=self._isolation):
                    number = await self._request(conn, key)
            except Exception as exc:
                if not is_retryable(exc) or self._isolation == "read_committed":
                    self.errors[type(exc).__name__] += 1
                    return
                self.retries += 1
            else:
                self.numbers.setdefault(key, []).append(number)
                return
        self.errors["gave up"] += 1
