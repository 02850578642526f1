"""The verbs that write, and those of them that wait as long as they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aseq import AsyncSequence

VERBS: dict[str, Callable[[AsyncSequence, Any], Awaitable[object]]] = {
    "next_value": lambda seq, conn: seq.next_value(conn),
    "next_value-nowait": lambda seq, conn: seq.next_value(conn, nowait=True),
    "next_values": lambda seq, conn: seq.next_values(conn, 3),
    "iterate": lambda seq, conn: anext(seq.iterate(conn)),
    "advance_to": lambda seq, conn: seq.advance_to(conn, 5),
    "delete": lambda seq, conn: seq.delete(conn),
}

BoundedVerb = Callable[[AsyncSequence, Any, float | None], Awaitable[Any]]

BOUNDED: dict[str, BoundedVerb] = {
    "next_value": lambda seq, conn, timeout: seq.next_value(conn, timeout=timeout),
    "next_values": lambda seq, conn, timeout: seq.next_values(conn, 3, timeout=timeout),
    "iterate": lambda seq, conn, timeout: anext(seq.iterate(conn, timeout=timeout)),
    "advance_to": lambda seq, conn, timeout: seq.advance_to(conn, 2, timeout=timeout),
    "delete": lambda seq, conn, timeout: seq.delete(conn, timeout=timeout),
}
"""With `timeout=`."""
