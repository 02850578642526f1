"""Every text that is printed can be read again, and no two numbers are printed alike.

``ASEQ_ROUNDS=1000000`` looks further than a test run needs to.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aseq.numbering import Numbering, ParsedNumber
from aseq.testing import MemoryExecutor
from tests.numbering.patterns import LARGE, SMALL, Drawn, drawn, moment, numbering, scope_of

ROUNDS = int(os.environ.get("ASEQ_ROUNDS", "10000"))
NUMBERS = (*range(-3, 120), 999, 1000, 10**9, 2**63 - 1, -(2**63))


def same(one: Drawn, parsed: ParsedNumber) -> bool:
    return (one.number, one.period, dict(one.scope)) == (
        parsed.number,
        parsed.period,
        parsed.scope,
    )


@pytest.mark.parametrize("alphabet", [SMALL, LARGE], ids=["small", "large"])
def test_what_is_printed_can_be_read(alphabet: str) -> None:
    choose = random.Random(2026)
    for _ in range(ROUNDS // 20):
        numbers = numbering(choose, alphabet)
        for _ in range(10):
            one = drawn(choose, numbers, alphabet, NUMBERS)
            assert same(one, numbers.parse(one.text)), (numbers, one)


async def test_what_is_drawn_can_be_read() -> None:
    """From the draw to the text and back, with the sequence that it belongs to."""
    choose, conn = random.Random(42), MemoryExecutor()
    for _ in range(ROUNDS // 100):
        series = numbering(choose, LARGE)
        numbers = series.bind(**dict(scope_of(choose, series, LARGE)))
        async with conn.transaction():
            at = choose.choice((None, moment(choose)))
            issued = await numbers.next_many(conn, 3, at=at)
        for one in issued:
            parsed = numbers.parse(one.text)
            assert (parsed.number, parsed.period, parsed.scope, parsed.sequence) == (
                one.number,
                one.period,
                one.scope,
                one.sequence,
            ), (numbers, one)
    conn.close()


def test_no_two_numbers_are_printed_alike() -> None:
    """A search among values that look alike."""
    choose, looked = random.Random(7), 0
    for _ in range(ROUNDS // 200):
        numbers, printed = numbering(choose, SMALL), dict[str, Drawn]()
        for _ in range(200):
            one = drawn(choose, numbers, SMALL, range(-1, 12))
            assert printed.setdefault(one.text, one) == one, (numbers, printed[one.text], one)
            looked += len(printed) > 1

    assert looked > ROUNDS // 2


@settings(max_examples=300)
@given(st.text(), st.text(min_size=1), st.integers(-(2**63), 2**63 - 1))
def test_any_text_around_a_number(before: str, after: str, number: int) -> None:
    literals = [text.replace("{", "{{").replace("}", "}}") for text in (before, after)]
    pattern = f"{literals[0]}{{number:04}}{literals[1]}"
    if any("\ud800" <= c <= "\udfff" or c == "\0" for c in pattern) or after[0] in "0123456789":
        return
    numbers = Numbering("series", pattern)
    text = f"{before}{number:04}{after}"

    assert numbers.parse(text).number == number
