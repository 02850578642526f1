"""The verbs that write."""

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
