"""What became of one row in one group."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias


class Told(NamedTuple):
    """It has a number, which is committed."""

    number: object


class Refused(NamedTuple):
    """It gets none, and the row itself is why."""

    error: Exception


class Held(NamedTuple):
    """Somebody holds the sequence that it would get one from."""

    sequence: str


class Row(Enum):
    """What needs no more words."""

    LOCKED = "somebody has the row locked"
    BLOCKED = "its UPDATE waits for somebody: a trigger of its own does, or a unique index"


Answer: TypeAlias = Told | Refused | Held | Row
