"""One caller that waits for a number, and what he is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from ._line import Entry

WAITS = (
    "the rows before it aren't numbered yet: the sequence is held by another transaction "
    "(which may be the caller's own), or the database didn't answer"
)
CONNECTING = "no connection could be had from the pool, or the database didn't answer"
NUMBERING = (
    "the sequence is held by another transaction (which may be the caller's own), or the "
    "database didn't answer"
)
ROW_LOCKED = (
    "its row is locked by another transaction, which may be the caller's own: commit the draft "
    "before you ask. (Or row-level security lets the issuer see the row and not change it)"
)
HELD = (
    "its sequence is held by another transaction, which may be the caller's own: commit the "
    "one that drew a number before you ask"
)
BLOCKED = (
    "its UPDATE waits for another transaction: a trigger does, or a unique index in which that "
    "one has the same number"
)
LOST = "the connection was lost or the server rolled back, again and again"


class Call:
    """One caller.

    Attributes:
        entry: of the row that he asked for.
        future: what he awaits.
        began: when he asked.
        timer: ends his wait.
    """

    __slots__ = ("began", "entry", "future", "timer")

    entry: Entry[Call]
    timer: asyncio.TimerHandle

    def __init__(self, future: asyncio.Future[Any], began: float) -> None:
        self.future, self.began = future, began

    def gone(self) -> bool:
        """Whether he doesn't wait any more."""
        return self.future.done()

    def tell(self, number: object) -> None:
        """Give him the number, if he still waits."""
        if not self.future.done():
            self.future.set_result(number)

    def fail(self, error: Exception) -> None:
        """Give him an error, if he still waits."""
        if not self.future.done():
            self.future.set_exception(error)

    def leave(self) -> None:
        """He was told, or has gone."""
        self.timer.cancel()
        if self.future.done() and not self.future.cancelled():
            self.future.exception()  # cancelled as he was told: asyncio would report it


def because(entries: Iterable[Entry[Call]], why: str, cause: Exception | None = None) -> None:
    """Note why rows have no number yet."""
    for entry in entries:
        entry.why = why
        if cause is not None:
            entry.cause = cause


def longest(entries: Iterable[Entry[Call]]) -> float:
    """The moment until which the most patient of all that wait does."""
    return max(call.timer.when() for entry in entries for call in entry.waiters)
