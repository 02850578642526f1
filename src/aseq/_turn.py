"""`turn`: wait in this process, before a connection is taken.

A lock of the database makes each of its waiters hold a connection. With a pool of twenty
and sixty callers of one tenant's sequence, every other tenant waits for a connection, not
for a number. So callers may wait here, holding nothing, and only a few go on.

Nobody would notice a deadlock of tasks, as the database notices one of transactions. So a
turn of several sequences takes them in one order, and no task that has a turn may wait for
another one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from contextvars import ContextVar
from time import perf_counter
from typing import Protocol

import anyio
from anyio.lowlevel import RunVar

from ._concurrency.gate import Gates
from ._core.spec import SequenceSpec
from ._core.waiting import waiting
from .errors import InvalidSequence, NestedTurn, SequenceLocked

LIMIT = 3
"""One holds the sequence, one waits for it in the database, one is on its way there."""

_GATES: RunVar[Gates] = RunVar("aseq_gates")  # of the running event loop
_current: ContextVar[_Place | None] = ContextVar("aseq_turn", default=None)


class Draws(Protocol):
    """What draws from a sequence that it can name: a bound `Numbering`."""

    def sequence(self) -> SequenceSpec:
        """The sequence, or one of the same queue."""
        ...


class _Place:
    """What one task has while its turn lasts."""

    __slots__ = ("names", "taken")

    def __init__(self, names: str) -> None:
        self.names = names
        self.taken = True


class Turn:
    """A place among the few that go on to the database: an asynchronous context manager.

    Several tasks may enter one object, each with a place of its own.
    """

    __slots__ = ("_keys", "_limit", "_names", "_places", "_timeout")

    def __init__(
        self, specs: tuple[SequenceSpec, ...], limit: int, timeout: float | None
    ) -> None:
        # Sequences of one queue wait for each other anyhow: they share a place.
        self._keys = sorted({(spec.table, spec.queue or spec.name) for spec in specs})
        self._names = ", ".join(dict.fromkeys(spec.name for spec in specs))
        self._limit, self._timeout = limit, timeout
        self._places: list[_Place] = []

    async def __aenter__(self) -> None:
        other = _current.get()
        if other is not None and other.taken:
            raise NestedTurn(self._names, other.names)
        began = perf_counter()
        entered = False
        with anyio.move_on_after(self._timeout):
            await self._enter()
            entered = True
        if not entered:
            raise SequenceLocked(self._names, _BUSY, perf_counter() - began)
        place = _Place(self._names)
        self._places.append(place)
        _current.set(place)

    async def _enter(self) -> None:
        entered = []
        try:
            for key in self._keys:
                await _gates().enter(key, self._limit)
                entered.append(key)
        except BaseException:
            self._leave(entered)
            raise

    async def __aexit__(self, *_: object) -> None:
        # The variable isn't reset, for some fixtures leave in another context than the one
        # they entered in. It's enough that a place says that it isn't taken any more.
        place = _current.get()
        if place is None or place not in self._places:
            place = self._places[-1]
        self._places.remove(place)
        place.taken = False
        self._leave(self._keys)

    @staticmethod
    def _leave(keys: Iterable[Hashable]) -> None:
        for key in keys:
            _gates().leave(key)


_BUSY = "too many tasks of this process have their turn, so no connection was taken: try again"


def turn(*what: SequenceSpec | Draws, limit: int = LIMIT, timeout: float | None = None) -> Turn:
    """Wait for a place among the few tasks of this process that go on to draw.

        async with aseq.turn(invoices, receipts):
            async with sessions.begin() as session:
                numbers = await aseq.allocate(session, {invoices: 1, receipts: 1})

    Whoever waits in the database holds a connection while doing so, and many waiters of one
    sequence leave none in the pool for anybody else. Here they wait in order, holding
    nothing, and at most `limit` of them go on to take a connection. Enter it before anything
    is read or taken from the pool: a session that has read holds its connection already.

    It's a courtesy to other callers, not a lock: numbers are gapless without it, other
    processes have turns of their own, and so has each event loop. Where drafts can be saved
    first, an `aseq.issuing.Issuer` does more.

    Entering waits until all of `what` are free for this task, whatever their order.
    Cancelling is safe. Memory is held only for sequences that somebody waits for.

    Args:
        *what: sequences and bound numberings. Those of one queue share a turn.
        limit: how many tasks may have their turn at once, at least 1. Callers may differ:
            each goes on when fewer than its own limit are there.
        timeout: seconds to wait at most.

    Returns:
        an asynchronous context manager. Entering it raises SequenceLocked if `timeout` is
        over (worth another try), and NestedTurn if this task, or the one that started it,
        has a turn: it might wait for itself.

    Raises:
        InvalidSequence: an argument can't work.
    """
    if not what:
        raise InvalidSequence("what", "must be at least one sequence or bound numbering")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidSequence("limit", f"must be a number of tasks, at least 1, not {limit!r}")
    waiting(nowait=False, timeout=timeout)
    return Turn(tuple(map(_spec, what)), limit, timeout)


def _spec(what: SequenceSpec | Draws) -> SequenceSpec:
    if isinstance(what, SequenceSpec):
        return what
    try:
        sequence = what.sequence
    except AttributeError:
        raise InvalidSequence(
            "what", f"must be sequences and bound numberings, not {type(what).__name__}"
        ) from None
    return sequence()


def _gates() -> Gates:
    try:
        return _GATES.get()
    except LookupError:
        _GATES.set(gates := Gates())
        return gates
