"""How long an operation waits for other transactions. Nothing here waits."""

from __future__ import annotations

from enum import Enum
from math import ceil, isfinite
from typing import NamedTuple

from aseq.errors import InvalidSequence

# The longest lock_timeout that PostgreSQL takes: 24 days.
_LONGEST = (2**31 - 1) / 1000


class Wait(Enum):
    """Ways of waiting that need a script of their own."""

    ANY = "any"
    """As long as it takes, or as the connection's own settings say."""
    NONE = "none"
    """Not at all."""
    BOUNDED = "bounded"
    """For a time, given as ``:timeout`` in milliseconds."""


class Waiting(NamedTuple):
    """How long one call waits.

    Attributes:
        kind: in which way.
        seconds: at most so long, all locks of the call together; None if nobody said.
    """

    kind: Wait = Wait.ANY
    seconds: float | None = None

    def after(self, milliseconds: int) -> Waiting:
        """What is left after some of the time has passed."""
        return self._replace(seconds=max(0.001, (self.seconds or 0) - milliseconds / 1000))

    @property
    def milliseconds(self) -> int:
        """The time as servers take it: at least 1, because there 0 means no limit."""
        return max(1, ceil((self.seconds or 0) * 1000))


AS_LONG_AS_IT_TAKES = Waiting()
NOT_AT_ALL = Waiting(Wait.NONE, 0)


def waiting(*, nowait: bool, timeout: float | None) -> Waiting:
    """What the arguments of a verb mean.

    Args:
        nowait: don't wait.
        timeout: seconds.

    Raises:
        InvalidSequence: not a positive, finite number, or together with nowait.
    """
    if timeout is None:
        return NOT_AT_ALL if nowait else AS_LONG_AS_IT_TAKES
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise InvalidSequence("timeout", f"must be a number of seconds, not {timeout!r}")
    if not (isfinite(timeout) and timeout > 0):
        raise InvalidSequence("timeout", f"must be positive and finite, not {timeout!r}")
    if nowait:
        raise InvalidSequence("timeout", "makes no sense with nowait=True, which doesn't wait")
    return Waiting(Wait.BOUNDED, min(timeout, _LONGEST))
