"""How long a call waits: what its arguments mean."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from aseq import InvalidSequence
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, NOT_AT_ALL, Wait, waiting

DAYS = (2**31 - 1) / 1000


@pytest.mark.parametrize(
    ("nowait", "timeout", "expected"),
    [
        (False, None, AS_LONG_AS_IT_TAKES),
        (True, None, NOT_AT_ALL),
        (False, 1.5, (Wait.BOUNDED, 1.5)),
        (False, 10**9, (Wait.BOUNDED, DAYS)),  # the longest that PostgreSQL takes
    ],
)
def test_meanings(nowait: bool, timeout: float | None, expected: object) -> None:
    assert waiting(nowait=nowait, timeout=timeout) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.0001, 1), (0.0011, 2), (2, 2000)])
def test_milliseconds_are_never_0_which_means_for_ever(seconds: float, expected: int) -> None:
    assert waiting(nowait=False, timeout=seconds).milliseconds == expected


@pytest.mark.parametrize(("passed", "left"), [(0, 2.0), (1_500, 0.5), (9_000, 0.001)])
def test_what_is_left(passed: int, left: float) -> None:
    assert waiting(nowait=False, timeout=2).after(passed).seconds == left


@pytest.mark.parametrize(
    ("nowait", "timeout", "text"),
    [
        (False, 0, "timeout must be positive and finite, not 0"),
        (False, -1, "timeout must be positive and finite, not -1"),
        (False, inf, "timeout must be positive and finite, not inf"),
        (False, nan, "timeout must be positive and finite, not nan"),
        (False, True, "timeout must be a number of seconds, not True"),
        (False, "1", "timeout must be a number of seconds, not '1'"),
        (True, 1, "timeout makes no sense with nowait=True, which doesn't wait"),
    ],
)
def test_refused(nowait: bool, timeout: Any, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        waiting(nowait=nowait, timeout=timeout)

    assert str(caught.value) == text
