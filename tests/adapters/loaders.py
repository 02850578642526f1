"""Loaders of the caller's own for psycopg, and every verb on one connection."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from aseq import AsyncSequence


async def works(seq: AsyncSequence, conn: Any) -> None:
    assert await seq.last_value(conn) is None
    assert await seq.next_value(conn) == 1
    assert await seq.next_values(conn, 2, nowait=True) == range(2, 4)
    assert await seq.advance_to(conn, 9) == 9
    assert await seq.last_value(conn) == 9
    assert await seq.delete(conn) is True
    assert await seq.delete(conn) is False


class AsFloat(Loader):
    """There are 2**53 of them."""

    def load(self, data: Buffer) -> float:
        return float(bytes(data))


class Refusing(Loader):
    """Raises what looks like the server's word."""

    def load(self, data: Buffer) -> int:
        raise psycopg.errors.SerializationFailure("by a loader")
