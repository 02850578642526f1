"""What numbering rows gave: frozen objects that know no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CounterRows:
    """The rows that got their numbers from one counter.

    Attributes:
        count: how many.
        first: the number of the first of them, as its column holds it.
        last: that of the last one.
    """

    count: int
    first: object
    last: object


@dataclass(frozen=True, slots=True)
class NumberedRows:
    """What one call of `number_rows` did.

    Attributes:
        count: how many rows got a number. 0 is the end: no other row can get one now.
        skipped: how many were left out because other transactions have locked them. If
            `limit` was reached, rows further on aren't counted.
        by_counter: the rows of each counter, by its name.
        repeated: how many of `count` got the number that the ledger had for them.
    """

    count: int
    skipped: int
    by_counter: Mapping[str, CounterRows] = field(hash=False)
    repeated: int = 0
