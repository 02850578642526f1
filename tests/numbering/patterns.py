"""Random numberings and numbers, made to be mistaken for one another."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from aseq import InvalidSequence
from aseq.numbering import FiscalYear, Numbering
from aseq.numbering._scope import Scope

PERIODS: tuple[Any, ...] = (
    *(None, "day", "week", "month", "quarter", "year"),
    *(FiscalYear(4), FiscalYear(10, 1, "end"), FiscalYear(4, 6)),
)
DATES: tuple[tuple[str, ...], ...] = (
    *((), ("year",), ("yy",), ("year", "month"), ("yy", "month"), ("year", "quarter")),
    *(("year", "month", "day"), ("yy", "month", "day"), ("week_year", "week")),
    *(("fiscal_year",), ("fiscal_year", "month"), ("month",), ("day",)),
)
# Few characters, so that what is said twice is found soon; all of them mean something here.
SMALL = "a-10X"
LARGE = "aZ09-_/=%{}' .\n\\é株م🧾" + "\u0301\u200f"


def some(choose: random.Random, alphabet: str, most: int) -> str:
    return "".join(choose.choices(alphabet, k=choose.randint(1, most)))


def pattern(choose: random.Random, alphabet: str) -> str:
    """The text of a pattern, which may be refused."""
    fields = list(choose.choice(DATES))
    fields += choose.sample(("p", "q"), k=choose.randint(0, 2))
    fields.append(choose.choice(("number", "number:03")))
    if choose.random() < 0.2:
        fields.append("check")
    choose.shuffle(fields)
    text = "" if choose.random() < 0.5 else literal(choose, alphabet)
    for field in fields:
        text += f"{{{field}}}"
        if choose.random() < 0.8:
            text += literal(choose, alphabet)
    return text


def literal(choose: random.Random, alphabet: str) -> str:
    return some(choose, alphabet, 2).replace("{", "{{").replace("}", "}}")


def weighted(digits: str) -> str:
    """A check digit, which may be a letter, as that of an ISBN."""
    rest = sum(place * int(digit) for place, digit in enumerate(digits, 2)) % 11
    return "X" if rest == 10 else str(rest)


def numbering(choose: random.Random, alphabet: str) -> Numbering:
    """A numbering that wasn't refused."""
    while True:
        text = pattern(choose, alphabet)
        check = weighted if "{check}" in text or choose.random() < 0.1 else None
        try:
            return Numbering(
                "series", text, period=choose.choice(PERIODS), tz="Europe/Paris", check=check
            )
        except InvalidSequence:
            continue


def printed(numbers: Numbering, number: int, day: str = "2026-03-09", **scope: Any) -> str:
    at = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
    return numbers.document(number, at, numbers.scope_of(scope), numbers.span(at).period).text


class Drawn(NamedTuple):
    """What a number is told apart by, and its text."""

    number: int
    period: str | None
    scope: Scope
    text: str


def moment(choose: random.Random) -> dt.datetime:
    year = choose.choice((2000, 2024, 2025, 2026, 2099))
    return dt.datetime(year, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=choose.randrange(365))


def drawn(
    choose: random.Random, numbers: Numbering, alphabet: str, range_of: Sequence[int]
) -> Drawn:
    """A number of a numbering, with scopes that aren't refused."""
    at = moment(choose)
    scope = scope_of(choose, numbers, alphabet)
    number, period = choose.choice(range_of), numbers.span(at).period
    return Drawn(number, period, scope, numbers.document(number, at, scope, period).text)


def scope_of(choose: random.Random, numbers: Numbering, alphabet: str) -> Scope:
    while True:
        values = {name: some(choose, alphabet, 4) for name in numbers.scopes}
        try:
            return numbers.scope_of(values)
        except InvalidSequence:
            continue
