"""The callers that wait, by arrival; one entry for each key. No I/O, no clock, no task.

An entry is in one of three places: in the line, in somebody's hands (`take`), or resting
until a moment that whoever rests it names (because its row or its sequence was locked).
Nobody joins an entry that was taken: what is found out about its row may be older than the
call ("there is no such row": there is now). The key then has a second entry, and when the
first one comes back the two become one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Any, Generic, Protocol, TypeVar


class Waiter(Protocol):
    """One caller.

    Attributes:
        entry: the `Entry` that has him; where entries become one, it changes.
    """

    entry: Any

    def gone(self) -> bool:
        """Whether he doesn't wait any more."""
        ...


W = TypeVar("W", bound=Waiter)


class Entry(Generic[W]):
    """A key, and all that wait for its number.

    Attributes:
        key: of the row.
        waiters: who asked; some may be gone.
        rests: how often it has been put to rest.
        why: why it has no number yet, for the error of those who don't wait any longer.
        cause: the error that says it, if there was one.
        alone: it is to be taken alone, because it may have broken its connection.
    """

    __slots__ = ("alone", "cause", "key", "rests", "waiters", "why")

    def __init__(self, key: Hashable, why: str) -> None:
        self.key, self.why = key, why
        self.waiters: list[W] = []
        self.rests = 0
        self.cause: Exception | None = None
        self.alone = False

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits."""
        return not all(waiter.gone() for waiter in self.waiters)


class Line(Generic[W]):
    """The entries that nobody has taken.

    Args:
        why: why one that was never taken has no number yet.
    """

    def __init__(self, why: str) -> None:
        self._why = why
        self._line: OrderedDict[Hashable, Entry[W]] = OrderedDict()
        self._resting: list[tuple[float, int, Entry[W]]] = []
        self._places = count()

    def __bool__(self) -> bool:
        return bool(self._line or self._resting)

    def enter(self, key: Hashable, waiter: W) -> None:
        """Stand in line for the number of a row."""
        entry = self._line.get(key)
        if entry is None:
            entry = self._line[key] = Entry(key, self._why)
        waiter.entry = entry
        entry.waiters.append(waiter)

    def take(self, limit: int, now: float) -> list[Entry[W]]:
        """Take those who came first out of the line; those that nobody wants are forgotten.

        Args:
            limit: how many at most.
            now: entries that rest until then are awake again.
        """
        self._wake(now)
        taken = list[Entry[W]]()
        while self._line and len(taken) < limit:
            entry = self._line.popitem(last=False)[1]
            if not entry.wanted:
                continue
            if entry.alone and taken:
                self.put_back([entry])
                break
            taken.append(entry)
            if entry.alone:
                break
        return taken

    def put_back(self, entries: Iterable[Entry[W]]) -> None:
        """Put what was taken back in front, in its order."""
        for entry in reversed(list(entries)):
            later = self._line.pop(entry.key, None)
            if later is not None:
                self._merge(entry, later)
            self._line[entry.key] = entry
            self._line.move_to_end(entry.key, last=False)

    def rest(self, entry: Entry[W], until: float) -> None:
        """Put one back that is in nobody's way until a moment."""
        entry.rests += 1
        heappush(self._resting, (until, next(self._places), entry))

    def next_due(self) -> float | None:
        """When the first one that rests will be awake; None if none does."""
        return self._resting[0][0] if self._resting else None

    def clear(self) -> Iterator[Entry[W]]:
        """Take all, also those that rest."""
        self._wake(float("inf"))
        while self._line:
            yield self._line.popitem(last=False)[1]

    def _wake(self, now: float) -> None:
        awake = list[Entry[W]]()
        while self._resting and self._resting[0][0] <= now:
            awake.append(heappop(self._resting)[2])
        # One key may rest twice: put back one by one, they become one.
        self.put_back(awake)

    def _merge(self, entry: Entry[W], later: Entry[W]) -> None:
        for waiter in later.waiters:
            waiter.entry = entry
        entry.waiters += later.waiters
