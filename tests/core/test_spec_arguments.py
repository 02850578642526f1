"""Counts and values that a sequence can't have, refused before anything is sent."""

from __future__ import annotations

import pytest

from aseq import InvalidSequence
from aseq._core.arithmetic import MAX, MIN
from aseq._core.spec import SequenceSpec

ENDLESS, LOOP = SequenceSpec(), SequenceSpec("a", 1, 8, step=3)  # 1, 4, 7
DOWN = SequenceSpec("a", 3, 0, step=-1)  # 3, 2, 1

GOOD_COUNTS = [
    (ENDLESS, 0),
    (ENDLESS, 1),
    (ENDLESS, MAX),
    (SequenceSpec(step=2), MAX // 2),
    (SequenceSpec(step=MIN), 1),
    (LOOP, 0),
    (LOOP, 3),
    (DOWN, 3),
]

NO_COUNT = "count must be an integer of at least 0, not "
TOO_LONG = "count must be at most 3, the length of the cycle, not "

# (spec, count, text of the error)
BAD_COUNTS: list[tuple[SequenceSpec, object, str]] = [
    (ENDLESS, -1, NO_COUNT + "-1"),
    (ENDLESS, True, NO_COUNT + "True"),
    (ENDLESS, "3", NO_COUNT + "'3'"),
    (ENDLESS, 1.0, NO_COUNT + "1.0"),
    (ENDLESS, None, NO_COUNT + "None"),
    (ENDLESS, MAX + 1, f"count is too large: {MAX + 1} steps don't fit in 64 bits"),
    (SequenceSpec(step=MIN), 2, "count is too large: 2 steps don't fit in 64 bits"),
    (LOOP, 4, TOO_LONG + "4"),
    (LOOP, MAX + 1, TOO_LONG + str(MAX + 1)),
    (DOWN, 4, TOO_LONG + "4"),
]

GOOD_VALUES = [
    *((ENDLESS, value) for value in (0, -5, MIN, MAX)),
    *((LOOP, value) for value in (1, 4, 7)),
    *((DOWN, value) for value in (3, 2, 1)),
]

UPWARDS = "value must be one that the sequence loops over: 1 to 7 in steps of 3, not "
DOWNWARDS = "value must be one that the sequence loops over: 3 to 1 in steps of -1, not "

# (spec, value, text of the error)
BAD_VALUES: list[tuple[SequenceSpec, object, str]] = [
    (ENDLESS, True, "value must be an integer, not True"),
    (ENDLESS, "7", "value must be an integer, not '7'"),
    (ENDLESS, None, "value must be an integer, not None"),
    (ENDLESS, MAX + 1, f"value must fit in 64 bits: {MAX + 1} doesn't"),
    (ENDLESS, MIN - 1, f"value must fit in 64 bits: {MIN - 1} doesn't"),
    *((LOOP, value, f"{UPWARDS}{value}") for value in (0, 2, 8, -2, 10)),
    *((DOWN, value, f"{DOWNWARDS}{value}") for value in (4, 0)),
]


@pytest.mark.parametrize(("spec", "count"), GOOD_COUNTS)
def test_a_count_that_can_be_drawn(spec: SequenceSpec, count: int) -> None:
    spec._check_count(count)


@pytest.mark.parametrize(("spec", "count", "text"), BAD_COUNTS)
def test_a_count_that_cannot(spec: SequenceSpec, count: int, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        spec._check_count(count)

    assert (str(caught.value), caught.value.argument) == (text, "count")


@pytest.mark.parametrize(("spec", "value"), GOOD_VALUES)
def test_a_value_that_can_be_reached(spec: SequenceSpec, value: int) -> None:
    spec._check_value(value)


@pytest.mark.parametrize(("spec", "value", "text"), BAD_VALUES)
def test_a_value_that_cannot(spec: SequenceSpec, value: int, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        spec._check_value(value)

    assert (str(caught.value), caught.value.argument) == (text, "value")
