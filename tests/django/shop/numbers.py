"""The series of document numbers of the shop."""

from __future__ import annotations

from aseq.numbering import Numbering

order_numbers = Numbering(
    "orders", "O-{year}-{number:04}", scope=["tenant"], period="year", tz="Europe/Paris"
)


letters = Numbering("letters", "L{number}")


def letter_numbers() -> Numbering:
    """As a function, for a field that takes one."""
    return letters


drafts = Numbering("shop-drafts", "{tenant}-{year}-{number}", period="year", tz="Europe/Paris")
