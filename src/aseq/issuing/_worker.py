"""Numbers one group after the other, on a connection that it keeps while there is work."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from ._answers import Answer
from ._call import CONNECTING, LOST, NUMBERING, Call, because
from ._line import Entry
from ._sources import Link, Source

SIZE = 1_000
"""How many rows one transaction numbers at most."""

STALE = 0.25
"""Seconds after which what was known of an entry isn't the reason any more."""

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
"""Seconds to wait after a connection was lost, and after many."""


class Numberer(Protocol):
    """What numbers a group, in transactions of its own."""

    @property
    def about(self) -> str:
        """The sequence or the numbering, for the log."""
        ...

    async def number(
        self, link: Link, keys: list[Hashable], seconds: float | None
    ) -> dict[Hashable, Answer]:
        """Number the rows with these keys.

        Args:
            link: a connection outside a transaction.
            keys: of the rows.
            seconds: how long to wait for the sequence; None: not at all.

        Returns:
            what became of each.

        Raises:
            Exception: nobody knows.
        """
        ...


class Worker:
    """One connection, if there is work.

    A group of which nobody knows what became of it makes the next one half as large, and one
    that went well makes it larger again. So what breaks connections is alone in the end.

    Attributes:
        size: how many rows the next group may have.
    """

    def __init__(self, source: Source, numberer: Numberer) -> None:
        self._source, self._numberer = source, numberer
        self._link: Link | None = None
        self._pause = FIRST_PAUSE
        self.size = SIZE

    async def number(
        self, entries: list[Entry[Call]], seconds: float | None, why: str = NUMBERING
    ) -> dict[Hashable, Answer] | None:
        """Number a group.

        Args:
            entries: the group, each with a key of its own.
            seconds: how long to wait for the sequence; None: not at all.
            why: what they are told whose time is over meanwhile.

        Returns:
            what became of each; None if nobody knows.
        """
        try:
            if self._link is None:
                with _reason(entries, CONNECTING):
                    self._link = await self._source.connect()
            with _reason(entries, why):
                keys = [entry.key for entry in entries]
                results = await self._numberer.number(self._link, keys, seconds)
        except Exception as exc:
            because(entries, LOST, exc)
            self.size = max(1, len(entries) // 2)
            await self.give_up()
            await asyncio.sleep(self._pause)
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            return None
        self._pause = FIRST_PAUSE
        self.size = min(SIZE, 2 * self.size)
        return results

    @property
    def connected(self) -> bool:
        """Whether it has a connection."""
        return self._link is not None

    async def release(self) -> None:
        """Give the connection back: there is nothing to do."""
        link, self._link = self._link, None
        if link is not None:
            try:
                await link.release()
            except Exception:
                await _close(link)

    async def give_up(self) -> None:
        """Close the connection, whatever it is doing."""
        link, self._link = self._link, None
        if link is not None:
            await _close(link)


@contextmanager
def _reason(entries: list[Entry[Call]], why: str) -> Iterator[None]:
    """What those are told whose time is over in this block.

    Not at once where something is known of an entry: its row was locked a moment ago.
    """
    because((entry for entry in entries if not entry.rests), why)
    timer = asyncio.get_running_loop().call_later(STALE, because, entries, why)
    try:
        yield
    finally:
        timer.cancel()


async def _close(link: Link) -> None:
    with suppress(Exception):  # it may be closed, or its pool
        await link.give_up()
