"""The parts of a pattern: each can be read from a text, one after the other.

There is only one way to read a text, whatever the values are: a field of fixed width takes
its characters, a scope what comes before the literal that follows it (which its value may
not contain), a number its digits (a literal that follows it doesn't begin with one). So no
two numbers are printed alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from aseq.errors import InvalidSequence

from ._fields import DATE_FIELDS

MIN, MAX = -(2**63), 2**63 - 1

_NUMBER = re.compile(r"-?[0-9]+")
_NUMBER_AND_CHECK = re.compile(r"-?[0-9A-Za-z]+")


@dataclass(slots=True)
class Reading:
    """What was read from a text so far.

    Attributes:
        text: the whole text.
        at: how far it was read.
        number: the number.
        check_at: where the check digit stands.
        dates: the date fields that were printed.
        scope: the scopes that were printed.
    """

    text: str
    at: int = 0
    number: int = 0
    check_at: int | None = None
    dates: dict[str, int] = field(default_factory=dict)
    scope: dict[str, str] = field(default_factory=dict)

    def take(self, end: int) -> str:
        """What stands before `end`; go on from there."""
        taken, self.at = self.text[self.at : end], end
        return taken

    def refused(self, wanted: str) -> InvalidSequence:
        """The error where reading stopped."""
        rest = self.text[self.at :]
        found = repr(rest) if rest else "the end"
        return InvalidSequence(
            "text",
            f"{self.text!r} can't be read: wanted {wanted} at character "
            f"{self.at + 1}, found {found}",
        )


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands there as it is."""

    text: str

    def read(self, reading: Reading) -> None:
        if not reading.text.startswith(self.text, reading.at):
            raise reading.refused(repr(self.text))
        reading.at += len(self.text)


@dataclass(frozen=True, slots=True)
class Date:
    """Part of a date: always the same number of digits."""

    name: str

    def read(self, reading: Reading) -> None:
        known = DATE_FIELDS[self.name]
        digits = reading.text[reading.at : reading.at + known.width]
        if (
            len(digits) < known.width
            or not is_digits(digits)
            or int(digits) not in known.values
        ):
            raise reading.refused(f"{{{self.name}}}, {known.width} digits")
        reading.dates[self.name] = int(reading.take(reading.at + known.width))


@dataclass(frozen=True, slots=True)
class ScopeField:
    """The value of a scope, up to the literal after it, or to the end."""

    name: str
    until: str | None

    def read(self, reading: Reading) -> None:
        end = len(reading.text)
        if self.until is not None:
            end = reading.text.find(self.until, reading.at)
        if end <= reading.at:
            behind = "" if self.until is None else f" and {self.until!r}"
            raise reading.refused(f"{{{self.name}}}{behind}")
        reading.scope[self.name] = reading.take(end)

    def check(self, value: str) -> None:
        """Refuse a value that couldn't be told from what comes after it."""
        if self.until is not None and (value + self.until).find(self.until) < len(value):
            raise InvalidSequence(
                self.name,
                f"must not contain {self.until!r}, which stands behind it in the pattern: "
                f"with {value!r}, another scope could print the same text",
            )


@dataclass(frozen=True, slots=True)
class Number:
    """The number: as many digits as it needs, at least `width` where it is printed."""

    width: int
    check: int

    def read(self, reading: Reading) -> None:
        # The check behind it is made of letters and digits, and what follows isn't.
        run = _NUMBER_AND_CHECK if self.check else _NUMBER
        found = run.match(reading.text, reading.at)
        end = found.end() - self.check if found else reading.at
        if not _NUMBER.fullmatch(reading.text, reading.at, end):
            raise reading.refused("{number}")
        # int() refuses thousands of digits, to be quick: so these are never tried.
        number = int(reading.text[reading.at : end]) if end - reading.at < 1000 else MAX + 1
        if not MIN <= number <= MAX:
            raise reading.refused("a {number} of 64 bits")
        reading.at, reading.number = end, number


@dataclass(frozen=True, slots=True)
class Check:
    """The check digit, or digits: always as many."""

    width: int

    def read(self, reading: Reading) -> None:
        if len(reading.text) < reading.at + self.width:
            raise reading.refused("the check digit")
        reading.check_at = reading.at
        reading.at += self.width


Part: TypeAlias = Literal | Date | ScopeField | Number | Check


def is_digits(text: str) -> bool:
    """Whether there are only digits from 0 to 9: int() takes those of all alphabets."""
    return text.isascii() and text.isdigit()
