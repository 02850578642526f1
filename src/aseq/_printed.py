"""What commands print: the same in a shell and under ``manage.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

UNREAD_SHOWN = 20
"""How many of the texts that can't be read are named."""

BUG = (
    "aseq: this is a bug of aseq's, or of something that it stands on. Please report it with "
    "the lines above"
)


def printable(text: str) -> str:
    """A text on one line, without anything that a terminal would obey."""
    return text if text.isprintable() else repr(text)


def last(name: str, value: int) -> str:
    """A sequence and its last value, in columns of their own."""
    return f"{value:>19}  {printable(name)}"


def moved(name: str, before: int | None, after: int) -> str:
    """How far a sequence was moved."""
    name = printable(name)
    if before is None:
        return f"{name}: {after} (new)"
    if before == after:
        return f"{name}: {after} (unchanged)"
    return f"{name}: {before} -> {after}"


def moved_forward(moves: Mapping[str, tuple[int | None, int]], table: str) -> str:
    """How many sequences of a table were moved."""
    forward = sum(before != after for before, after in moves.values())
    return f"{forward} of {len(moves)} sequences of {table} moved forward."


def unread(found: Sequence[tuple[object, str]]) -> Iterator[str]:
    """The texts that couldn't be read, and why: the first of them, and how many there are."""
    for text, problem in found[:UNREAD_SHOWN]:
        yield f"{printable(str(text))}: {problem}"
    if len(found) > UNREAD_SHOWN:
        yield f"... and {len(found) - UNREAD_SHOWN:,} more"
    if found:
        yield f"{len(found):,} numbers can't be read, and were left out."


def as_json(value: object) -> str:
    """A value for a machine."""
    return json.dumps(value, indent=2, ensure_ascii=False)
