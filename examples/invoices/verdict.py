"""What an auditor says of the numbers after a storm. Knows no database and no screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .issue import CREDIT_LIMIT
from .storm import Outcome, orders


def holes(numbers: Sequence[int]) -> list[int]:
    """The numbers that are missing between 1 and the last one."""
    there = set(numbers)
    return [n for n in range(1, max(there, default=0) + 1) if n not in there]


def repeats(numbers: Sequence[int]) -> list[int]:
    """The numbers that are there more than once."""
    return sorted(n for n, count in Counter(numbers).items() if count > 1)


def complaints(outcome: Outcome) -> list[str]:
    """Everything that is wrong with the outcome of a storm; empty if it's as promised.

    That what people use instead has no hole is a complaint too: such a storm was too
    weak to show anything.
    """
    numbers = sorted(outcome.numbers)
    found = {
        f"gap: {_listed(holes(numbers))} missing": holes(numbers),
        f"duplicate: {_listed(repeats(numbers))} used more than once": repeats(numbers),
        f"the numbers begin with {numbers[:1]}, not with 1": numbers[:1] != [1],
        "the responses and the database don't agree": sorted(outcome.answered) != numbers,
        f"the auditor says: {outcome.report}": outcome.report != "",
        f"unexpected responses: {dict(outcome.statuses)}": outcome.statuses != _expected(),
        "what people use instead has no hole: this storm shows nothing": (
            not holes(outcome.rivals)
        ),
    }
    return [complaint for complaint, is_so in found.items() if is_so]


def _expected() -> Counter[int]:
    return Counter(201 if order["cents"] <= CREDIT_LIMIT else 409 for order in orders())


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
