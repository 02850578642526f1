"""Moments as databases tell them, and as they are told to databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

from aseq.errors import InvalidSequence
from aseq.numbering import DocumentNumber
from aseq.numbering._days import YEARS, moment, start_of
from aseq.numbering._spec import NumberingSpec

from ._place import Kind

_YEAR = f"must be in the years {YEARS.start} to {YEARS.stop - 1}"


def read_moment(value: object, numbering: NumberingSpec) -> dt.datetime:
    """The moment that a column holds: a date is the beginning of that day.

    Args:
        value: as JSON has it.
        numbering: whose zone a date is of.

    Raises:
        InvalidSequence: it is none, or could be several.
    """
    text = value if isinstance(value, str) else ""
    try:
        if len(text) == len("2026-01-31"):
            day = dt.date.fromisoformat(text)
            if day.year not in YEARS:
                raise InvalidSequence("at", f"{_YEAR}, not {text}")
            return start_of(day, numbering._zone or dt.UTC)
        at = dt.datetime.fromisoformat(text)
    except InvalidSequence:
        raise
    except ValueError:
        raise InvalidSequence("at", f"must be a date or a moment, not {value!r}") from None
    return moment(at)


def write_moment(document: DocumentNumber, kind: Kind, declared: str) -> str:
    """The moment of a number, as its column takes it.

    A date is that of the numbering's zone. What has no time zone is in UTC.

    Args:
        document: the number.
        kind: what the column holds.
        declared: its type.
    """
    if kind == "date" or (kind == "any" and declared.upper() == "DATE"):
        return document.date.isoformat()
    if kind == "moment":
        return document.at.isoformat()
    plain: Any = document.at.replace(tzinfo=None)
    return str(plain.isoformat(" ", "microseconds"))
