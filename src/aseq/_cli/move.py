"""Moves a sequence forward, and tells how far."""

from __future__ import annotations

from typing import TypeAlias

from aseq.sync import Sequence

from .database import Database

Move: TypeAlias = tuple[int | None, int]
"""The last value before and after."""


def move(sequence: Sequence, on: Database, value: int, timeout: float) -> Move:
    """Move it to a value, never back, in the transaction that is open."""
    limit = on.waiting(timeout)
    before = sequence.last_value(on.on)
    if before is not None:
        # Moves nothing, but waits for who is drawing, and sees what they drew.
        before = sequence.advance_to(on.on, before, timeout=limit)
    return before, sequence.advance_to(on.on, value, timeout=limit)
