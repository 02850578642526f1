"""What may be done in a block now. Pure: no thread, no connection, no Django.

It changes on the event loop only, except for `require_rollback`, which the thread calls
while it ends the block and nothing else can be done in it.
"""

from __future__ import annotations

from enum import Enum, auto

from aseq.adapters.base import Watcher

OVER = "the block is over: a task that outlives it opens a block of its own"
NESTED = (
    "a block is open inside this one: draw there, or before or after it (another task can't "
    "know in which of the two its number would be)"
)
LOST = (
    "rolled back: a call that was cancelled, or that its block didn't wait for, may have "
    "drawn a number that nobody got"
)
ENDED_BY_SERVER = (
    "rolled back: the server had ended the transaction inside the block after an error (a "
    "deadlock, for example), so the numbers that were drawn in it are given out again"
)


class Status(Enum):
    """How far a block has got. It only goes forward."""

    ENTERING = auto()
    OPEN = auto()
    ENDING = auto()
    """Nothing more can be done in it. Its end is still to be started."""
    OVER = auto()
    """Its end has been started, once and for all; or a block around it ended."""


class State:
    """The state of one entry of a block.

    Args:
        parent: that of the block around it, if there is one.
        savepoint: whether it can be rolled back alone.

    Attributes:
        status: how far it is.
        nested: whether a block is open inside it.
        rolls_back: whether the caller asked for a rollback.
        rollback_reason: why nothing but a rollback can follow, if so.
        watcher: told if it ends as if nothing had been lost.
    """

    def __init__(self, parent: State | None = None, *, savepoint: bool = True) -> None:
        self.status = Status.ENTERING
        self.nested = False
        self.rolls_back = False
        self.rollback_reason: str | None = None
        self.watcher: Watcher | None = None
        self._parent = parent
        self._savepoint = savepoint

    @property
    def is_open(self) -> bool:
        """Whether it has begun, and its end has not."""
        return self.status is Status.OPEN

    def refusal(self) -> str | None:
        """Why nothing can be drawn in the block; None if something can."""
        if not self.is_open:
            return OVER
        return NESTED if self.nested else self.rollback_reason

    def require_rollback(self, reason: str = LOST) -> None:
        """Nothing but a rollback can follow. Without a savepoint, not around it either."""
        if self.rollback_reason is None:
            self.rollback_reason = reason
        if self._parent is not None and not self._savepoint:
            self._parent.require_rollback(reason)
