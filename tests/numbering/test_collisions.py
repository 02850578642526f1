"""Patterns and values made to be printed, or counted, alike: each is refused somewhere."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aseq import InvalidSequence
from aseq.numbering import FiscalYear, Numbering
from tests.database import Database

JANUARY = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
FEBRUARY, DECEMBER = (JANUARY.replace(month=month) for month in (2, 12))
LATER = JANUARY.replace(year=2126)
WEEK_1 = dt.datetime(2024, 12, 30, tzinfo=dt.UTC)
"""Of 2025, by its week."""

One = tuple[int, dt.datetime, dict[str, Any]]
"""A number with its moment and its scopes."""

# (pattern, parameters, one, another)
TWINS: list[tuple[str, dict[str, Any], One, One]] = [
    ("{number}", {"period": "year"}, (1, JANUARY, {}), (1, LATER, {})),
    ("{yy}-{number}", {"period": "year"}, (1, JANUARY, {}), (1, LATER, {})),
    ("{year}-{number}", {"period": "month"}, (1, JANUARY, {}), (1, FEBRUARY, {})),
    ("{month}-{number}", {"period": "month"}, (1, JANUARY, {}), (1, LATER, {})),
    ("{year}-{week}-{number}", {"period": "week"}, (1, WEEK_1, {}), (1, JANUARY, {})),
    ("{year}-{number}", {"period": FiscalYear(4)}, (1, JANUARY, {}), (1, DECEMBER, {})),
    ("{number}{year}", {}, (1, JANUARY, {}), (12026, JANUARY, {})),
    *(
        (pattern, {}, (number, JANUARY, scope), (other, JANUARY, others))
        for pattern, number, scope, other, others in (
            ("{a}{number}", 1, {"a": "x1"}, 11, {"a": "x"}),
            ("{number}{a}", 1, {"a": "1x"}, 11, {"a": "x"}),
            ("{number}1{a}", 1, {"a": "1"}, 11, {"a": ""}),
            ("{a}-{number}", 1, {"a": "x-1"}, -1, {"a": "x"}),
            ("{a}--{number}", 1, {"a": "x-"}, -1, {"a": "x"}),
            ("{a}.{b}.{number}", 1, {"a": "a.b", "b": "c"}, 1, {"a": "a", "b": "b.c"}),
            ("{a}{b}{number}", 1, {"a": "1", "b": "11"}, 1, {"a": "11", "b": "1"}),
        )
    ),
    (
        "{number}-{a}",
        {"check": lambda _: "7"},
        (1, JANUARY, {"a": "x"}),
        (1, JANUARY, {"a": "x7"}),
    ),
]


def text_of(numbers: Numbering, one: One) -> str:
    number, at, given = one
    scope = numbers.scope_of(given)
    return numbers.document(number, at, scope, numbers.span(at).period).text


def both_of(pattern: str, parameters: dict[str, Any], one: One, other: One) -> list[str]:
    numbers = Numbering("series", pattern, tz="UTC", **parameters)
    return [text_of(numbers, each) for each in (one, other)]


def test_what_differs_is_printed() -> None:
    """So nothing is refused only because both are wrong anyway."""
    one, other = (1, JANUARY, {"a": "x"}), (1, FEBRUARY, {"a": "y"})
    parameters = {"period": "month"}

    assert both_of("{a}-{year}{month}-{number}", parameters, one, other) == [
        "x-202601-1",
        "y-202602-1",
    ]


@pytest.mark.parametrize(("pattern", "parameters", "one", "other"), TWINS)
def test_one_of_two_is_refused(
    pattern: str, parameters: dict[str, Any], one: One, other: One
) -> None:
    """With the pattern already, or when its values are used."""
    with pytest.raises(InvalidSequence):
        both_of(pattern, parameters, one, other)


# What a careless table, driver or file system would take for the same.
ALIKE = (
    *("a", "A", "a ", " a", "\xe1", "a\u0301", "\uff41", "\u0430", "a\u200b", "\u0251"),
    *("ß", "ss", "SS", "\ufb01", "fi", "İ", "i", "\u0131", "I", "1", "\u0661", "\uff11", "01"),
    *("a/b", "a=b", "a%2Fb", "a%2fb", "a\\b", "a//b", "/", "=", "%", "%25", "%2F", "%252F"),
    *("%s", "?", "$1", ":a", "'", "''", '"', "`", "--", ";", "NULL", "None", "{who}", "{}"),
    *("\n", "\r\n", "\t", "\x7f", "\ufeff", "\u00a0", "\u2028", "\u202e", "\U0010ffff"),
    *("株式会社", "شركة", "חברה", "कंपनी", "บริษัท", "Ωμέγα", "компания", "ქართული", "አማርኛ"),
    *("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "カブ", "\uff76\uff8c\uff9e"),
    *("🧾", "🧾🧾", "👩\u200d👩\u200d👧", "👩👩👧", "🇫🇷", "🇫", "☺", "☺\ufe0f"),
)


async def test_values_that_look_alike_have_counters_of_their_own(
    database: Database, name: str
) -> None:
    numbers = Numbering(name, "{number}", scope=["who"])
    room = 100 - len(f"{name}/who=")
    values = [*ALIKE, *(char * room for char in "ax\u0301株🧾"), "x" * (room - 1)]
    async with database.connect() as client, client.transaction():
        for turn in (1, 2):
            drawn = [(await numbers.next(client.conn, who=value)).number for value in values]
            assert drawn == [turn] * len(values)

    rows = database.run(f"SELECT last FROM aseq_sequence WHERE name LIKE '{name}/%'")
    assert rows == [(2,)] * len(values)
    assert len(set(values)) == len(values)
