"""An issuer's transactions, in which nothing waits long for a lock.

Where a statement can be told how long it may wait, there is nothing to do. Where it can't, the
session is told, and at the end set as it was. That is MySQL, and there is no way around it. To
lock first what the UPDATE will need, in a SELECT whose time is limited, isn't enough:

* A trigger's own UPDATE waits for rows that nobody knows of.
* Where another transaction writes the same number, as yet uncommitted, the UPDATE waits for
  that. A SELECT for the number meets a row that is there, but keeps nobody from adding one
  after it: that would take locks on gaps, which keep others from saving drafts.
* An UPDATE itself takes neither hint: MAX_EXECUTION_TIME is for a SELECT alone (warning 3125),
  and SET_VAR doesn't know innodb_lock_wait_timeout (warning 3637).
"""

from __future__ import annotations

from aseq._dispatch import executor_for

from ._plans import TEXTS
from ._sources import Link


class Haste:
    """The transactions of one connection.

    Args:
        link: the connection.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._hurry = self._as_before = ""

    async def begin(self) -> None:
        """Begin one."""
        await self._link.begin()
        executor = executor_for(self._link.conn)
        await executor.prepare()  # before that, its server may not be known
        texts = TEXTS[executor.dialect.name]
        self._hurry, self._as_before = texts.hurry, texts.as_before
        if self._hurry:
            await self._link.execute(self._hurry)

    async def commit(self) -> None:
        """Commit it."""
        if self._hurry:
            await self._link.execute(self._as_before)
        await self._link.commit()

    async def rollback(self) -> None:
        """Roll it back, however it failed."""
        await self._link.rollback()
        if self._hurry:
            await self._link.begin()
            await self._link.execute(self._as_before)
            await self._link.commit()
