"""Issuing on a connection of the caller's, inside its transaction: for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any

from aseq.errors import IssueTimeout

from ._answers import Held, Refused, Told
from ._call import HELD, ROW_LOCKED
from ._group import Groups
from ._sources import Link, statements_of

PAUSE = 0.02
"""Seconds until a row is looked at again that somebody has locked."""

BEGIN, ROLLBACK, END = (
    f"{verb} aseq_issuing_on"
    for verb in ("SAVEPOINT", "ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT")
)


class OnLink(Link):
    """A connection of the caller's: each transaction is a savepoint."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self._statements = statements_of(conn)

    async def begin(self) -> None:
        await self.execute(BEGIN)

    async def execute(self, sql: str) -> None:
        await self._statements(sql)

    async def commit(self) -> None:
        await self.execute(END)

    async def rollback(self) -> None:
        await self.execute(ROLLBACK)
        await self.execute(END)

    async def release(self) -> None:
        return

    async def give_up(self) -> None:
        return


class On:
    """Issues on one connection, one row after the other.

    Args:
        conn: the caller's.
        groups: what numbers rows.
    """

    def __init__(self, conn: object, groups: Groups) -> None:
        self._link, self._groups = OnLink(conn), groups
        self._lock = asyncio.Lock()

    async def issue(self, key: Hashable, seconds: float) -> object:
        """Number one row."""
        loop = asyncio.get_running_loop()
        began, why = loop.time(), ROW_LOCKED
        while (left := began + seconds - loop.time()) > 0:
            async with self._lock:
                answers = await self._groups.number(self._link, [key], left)
            answer = answers[key]
            if isinstance(answer, Told):
                return answer.number
            if isinstance(answer, Refused):
                raise answer.error
            why = HELD if isinstance(answer, Held) else ROW_LOCKED
            await asyncio.sleep(min(PAUSE, left))
        raise IssueTimeout(key, why, loop.time() - began)
