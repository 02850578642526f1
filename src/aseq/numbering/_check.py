"""Check digits, computed by a function of the caller's.

The function is given the digits of the text without the check, and returns the digit (or
letter, or several of them), as those of python-stdnum do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from aseq.errors import InvalidSequence

from ._parts import is_digits

CheckDigit: TypeAlias = Callable[[str], str | int]


def digits_of(text: str) -> str:
    """What a check is computed of."""
    return "".join([char for char in text if is_digits(char)])


def check_of(function: CheckDigit, digits: str) -> str:
    """The check for some digits.

    Raises:
        InvalidSequence: the function failed, or returned what can't be one.
    """
    try:
        check = function(digits)
    except Exception as exc:
        raise InvalidSequence("check", f"fails for {digits!r}: {exc!r}") from exc
    text = str(check) if isinstance(check, str | int) else ""
    if not text.isascii() or not text.isalnum():
        raise InvalidSequence(
            "check", f"must return letters or digits, and gave {check!r} for {digits!r}"
        )
    return text


def width_of(function: object, samples: Iterable[str]) -> int:
    """How many characters the checks of a function have: always as many.

    Raises:
        InvalidSequence: not always, or it is no function that works.
    """
    if not callable(function):
        raise InvalidSequence("check", f"must be a function, not {type(function).__name__}")
    calculate = cast(CheckDigit, function)
    checks = {digits: check_of(calculate, digits) for digits in samples}
    (first, check), *others = checks.items()
    for digits, other in others:
        if len(other) != len(check):
            raise InvalidSequence("check", _uneven(first, check, digits, other))
    return len(check)


def _uneven(first: str, check: str, digits: str, other: str) -> str:
    return (
        f"must always give as many characters: it gave {check!r} for {first!r} and {other!r} "
        f"for {digits!r}"
    )
