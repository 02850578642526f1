"""What a numbering gives: a number and all that belongs to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from aseq._sequence import AsyncSequence
from aseq.errors import InvalidSequence

from ._days import day_of


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number that was drawn, the moment that it belongs to, and its text.

    Save `text` and `at` in the transaction that drew them: a second look at the clock may
    see the next year.

    Attributes:
        text: as it is printed.
        number: the number alone.
        at: the moment that decided which period the number is from, in UTC. If it was left
            to the database, it was read when the number was drawn.
        period: which period that is, for example "2026", "2026-Q1", "2026-W05", "2026-01"
            or "FY2026"; None if the numbering has no periods.
        scope: the values of all scopes, as texts.
        sequence: the sequence that the number was drawn from.
        tz: the numbering's time zone, if it has one.
    """

    text: str
    number: int
    at: dt.datetime
    period: str | None
    scope: Mapping[str, str] = field(hash=False)
    sequence: AsyncSequence
    tz: dt.tzinfo | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def date(self) -> dt.date:
        """The day of `at` in the numbering's zone: for the paper, and as it is printed.

        Raises:
            InvalidSequence: the numbering has no time zone, so nobody knows which day it is.
        """
        if self.tz is None:
            raise InvalidSequence(
                "tz", "is needed for a date: give the numbering one, such as 'Europe/Paris'"
            )
        return day_of(self.at, self.tz)


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """What can be read from the text of a number.

    Attributes:
        text: the text.
        number: the number alone.
        period: which period it is from; None if the numbering has no periods.
        scope: the values of the scopes that are printed, bound, or were given.
        sequence: the sequence that it belongs to; None if one of its scopes isn't known.
        at: always None: a text doesn't hold the moment.
    """

    text: str
    number: int
    period: str | None
    scope: Mapping[str, str] = field(hash=False)
    sequence: AsyncSequence | None
    at: None = None
