"""What time it is in the database, as far as this process knows without asking.

A draw begins with a guess of the period. If this machine's clock is wrong by more than a
period (days, with numbers that start again each day), every guess would be wrong and cost
a second statement, so what was learnt from a wrong one is kept. It is a guess all the
same: the database's own clock decides.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """A moment as servers tell it: in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(clock: int) -> datetime:
    """The moment that a server told, in UTC."""
    return _EPOCH + clock * _MICROSECOND


class Clock:
    """This machine's clock, put right by what the database's clock said last."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC) + self._ahead

    def learn(self, told: datetime) -> None:
        """Take over what the database's clock has just said."""
        self._ahead = told - datetime.now(UTC)


CLOCK = Clock()
