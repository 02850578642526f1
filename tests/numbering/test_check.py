"""Check digits: functions of the caller's, such as those of python-stdnum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aseq import InvalidSequence
from aseq.numbering import Numbering
from tests.numbering.patterns import printed


def luhn(digits: str) -> str:
    """As ``stdnum.luhn.calc_check_digit`` computes it."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def mod_97(digits: str) -> str:
    return f"{98 - int(digits) * 100 % 97:02}"


def remainder(digits: str) -> int:
    return int(digits) % 7


# (pattern, check, number, text)
PRINTED: list[tuple[str, Callable[[str], str | int], int, str]] = [
    ("{number}", luhn, 7992739871, "79927398713"),
    ("{number:05}", luhn, 42, "000422"),
    ("INV-{year}-{number:05}", luhn, 42, "INV-2026-000428"),
    ("INV-{year}-{number:05}-{check}", luhn, 42, "INV-2026-00042-8"),
    ("{check}/{year}/{number}", luhn, 42, "5/2026/42"),
    ("{number}{check}/{year}", luhn, 42, "425/2026"),
    ("{number:010}", mod_97, 1234567890, "123456789092"),
    ("{number}", remainder, 15, "151"),
]


@pytest.mark.parametrize(("pattern", "check", "number", "text"), PRINTED)
def test_stands_where_the_pattern_says_or_at_the_end(
    pattern: str, check: Callable[[str], str | int], number: int, text: str
) -> None:
    numbers = Numbering("series", pattern, tz="UTC", check=check)

    assert printed(numbers, number) == text
    assert numbers.parse(text).number == number


def test_a_mistake_is_found() -> None:
    numbers = Numbering("series", "INV-{year}-{number:05}", tz="UTC", check=luhn)
    right, tried = "INV-2026-000428", 0
    for place, char in enumerate(right):
        for other in "0123456789":
            if char.isdigit() and other != char:
                with pytest.raises(InvalidSequence):
                    numbers.parse(right[:place] + other + right[place + 1 :])
                tried += 1

    assert tried == 9 * 10
    with pytest.raises(InvalidSequence) as caught:
        numbers.parse("INV-2026-000429")
    assert str(caught.value) == (
        "text 'INV-2026-000429' has a mistake: its check digit is 9, not 8"
    )


def test_is_computed_of_the_digits_as_they_stand() -> None:
    """What was padded in another way had another check digit."""
    numbers = Numbering("series", "{number:06}", check=mod_97)
    old = "0042" + mod_97("0042")

    assert numbers.parse(old).number == 42


def fails(digits: str) -> str:
    raise LookupError(digits)


def grows(digits: str) -> str:
    return str(int(digits) % 97)


GAVE = "check must return letters or digits, and gave {} for '202600001'"
UNEVEN = (
    "check must always give as many characters: it gave '78' for '202600001' and '0' for "
    "'202600020'"
)
APART = "put some text between them, or two numbers could be printed alike"

# (pattern, check, text of the error)
REFUSED: list[tuple[str, Any, str]] = [
    ("{number}", "luhn", "check must be a function, not str"),
    ("{number}", fails, "check fails for '202600001': LookupError('202600001')"),
    ("{number}", lambda _: "", GAVE.format("''")),
    ("{number}", lambda _: None, GAVE.format("None")),
    ("{number}", lambda _: "-", GAVE.format("'-'")),
    ("{number}", lambda _: -1, GAVE.format("-1")),
    ("{number}", lambda _: "é", GAVE.format("'é'")),
    ("{number}", grows, UNEVEN),
    ("{a}", luhn, "pattern has no {number}"),
    ("{check}", luhn, "pattern has no {number}"),
    ("{check}{check}{number}", luhn, "pattern has {check} twice"),
    ("{number}{check}7", luhn, "pattern has '7' behind {check}, which could be part of it"),
    ("{number}{check}X-", luhn, "pattern has 'X-' behind {check}, which could be part of it"),
    ("{number}{check}{a}", luhn, "pattern has {check}{a}: " + APART),
    ("{number}-{a}", luhn, "pattern has {a}{check}: " + APART),
]


@pytest.mark.parametrize(("pattern", "check", "text"), REFUSED)
def test_refused(pattern: str, check: Any, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        Numbering("series", pattern, check=check)

    assert str(caught.value) == text


def test_a_check_that_grows_later_is_refused_then() -> None:
    numbers = Numbering(
        "series", "{number}", check=lambda digits: "7" * (1 + len(digits) // 11)
    )

    assert printed(numbers, 10**9) == f"{10**9}7"
    with pytest.raises(InvalidSequence) as caught:
        printed(numbers, 10**10)
    assert str(caught.value) == (
        "check must give 1 character(s), not '77' as for '10000000000'"
    )
