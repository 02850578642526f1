"""A limit of tasks that are in at the same time; the others wait in the order they came."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import anyio


class _Waiter(NamedTuple):
    limit: int
    admitted: anyio.Event


class Gate:
    """Lets so many tasks in, and the rest one by one as those leave.

    Each waiter has a limit of its own, and none overtakes one that came before it. For the
    tasks of one event loop. (anyio's own limiters have one limit for all, and one of trio's
    and one of asyncio's don't agree on who is next.)
    """

    __slots__ = ("_inside", "_line")

    def __init__(self) -> None:
        self._inside = 0
        self._line: dict[int, _Waiter] = {}  # in order; a dict, for any of them may give up

    @property
    def idle(self) -> bool:
        """Whether nobody is in, nor waits."""
        return not self._inside and not self._line

    async def enter(self, limit: int) -> None:
        """Come in, as soon as fewer than `limit` tasks are in and nobody was here before.

        Who is cancelled meanwhile isn't in.
        """
        if not self._line and self._inside < limit:
            self._inside += 1
            return
        waiter = _Waiter(limit, anyio.Event())
        self._line[id(waiter)] = waiter
        try:
            await waiter.admitted.wait()
        except BaseException:
            if waiter.admitted.is_set():  # both in one turn of the event loop
                self._inside -= 1
            else:
                del self._line[id(waiter)]
            self._admit()
            raise

    def leave(self) -> None:
        """Make room for whoever is next."""
        self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self._line:
            key, waiter = next(iter(self._line.items()))
            if self._inside >= waiter.limit:
                return
            del self._line[key]
            self._inside += 1
            waiter.admitted.set()


class Gates:
    """A gate for each key that somebody waits for or holds, and none for any other."""

    __slots__ = ("_gates",)

    def __init__(self) -> None:
        self._gates: dict[Hashable, Gate] = {}

    def __len__(self) -> int:
        return len(self._gates)

    async def enter(self, key: Hashable, limit: int) -> None:
        """Come in by the gate of `key`, as `Gate.enter`."""
        gate = self._gates.setdefault(key, Gate())
        try:
            await gate.enter(limit)
        finally:
            self._forget(key, gate)

    def leave(self, key: Hashable) -> None:
        """Make room for whoever is next at the gate of `key`."""
        gate = self._gates[key]
        gate.leave()
        self._forget(key, gate)

    def _forget(self, key: Hashable, gate: Gate) -> None:
        if gate.idle:
            del self._gates[key]
