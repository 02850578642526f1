"""The verbs that write, and those of them that wait as long as they are told."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from typing import Any

from aseq import AsyncSequence, allocate
from aseq.numbering import Numbering

VERBS: dict[str, Callable[[AsyncSequence, Any], Awaitable[object]]] = {
    "next_value": lambda seq, conn: seq.next_value(conn),
    "next_value-nowait": lambda seq, conn: seq.next_value(conn, nowait=True),
    "next_values": lambda seq, conn: seq.next_values(conn, 3),
    "iterate": lambda seq, conn: anext(seq.iterate(conn)),
    "advance_to": lambda seq, conn: seq.advance_to(conn, 5),
    "delete": lambda seq, conn: seq.delete(conn),
}


def numbering(seq: AsyncSequence) -> Numbering:
    """The numbering whose only counter is the sequence."""
    return Numbering(seq.name, "{number}", table=seq.table, fair=seq.fair)


async def allocate_both(seq: AsyncSequence, conn: Any, timeout: float | None) -> int:
    other = AsyncSequence(f"{seq.name}-other", table=seq.table, fair=seq.fair)
    one = numbering(seq)
    drawn = await allocate(conn, {other: 1, one: 1}, timeout=timeout)
    return drawn[one][0].number


async def next_of_a_numbering(seq: AsyncSequence, conn: Any, timeout: float | None) -> int:
    return (await numbering(seq).next(conn, timeout=timeout)).number


async def next_many_at(seq: AsyncSequence, conn: Any, timeout: float | None) -> int:
    at = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    return (await numbering(seq).next_many(conn, 1, at=at, timeout=timeout))[0].number


BoundedVerb = Callable[[AsyncSequence, Any, float | None], Awaitable[Any]]

BOUNDED: dict[str, BoundedVerb] = {
    "next_value": lambda seq, conn, timeout: seq.next_value(conn, timeout=timeout),
    "next_values": lambda seq, conn, timeout: seq.next_values(conn, 3, timeout=timeout),
    "iterate": lambda seq, conn, timeout: anext(seq.iterate(conn, timeout=timeout)),
    "advance_to": lambda seq, conn, timeout: seq.advance_to(conn, 2, timeout=timeout),
    "delete": lambda seq, conn, timeout: seq.delete(conn, timeout=timeout),
}
"""With `timeout=`, on the sequence itself."""

BOUNDED_DRAWS: dict[str, BoundedVerb] = {
    "next_value": BOUNDED["next_value"],
    "Numbering.next": next_of_a_numbering,
    "Numbering.next_many": next_many_at,
    "allocate": allocate_both,
}
"""Those that give one number, whoever draws it."""
