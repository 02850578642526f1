"""Promise 1 on one connection: which values there are, on every kind of connection."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, InvalidSequence, SequenceExhausted
from tests.database import Database


async def test_counts_from_the_initial_value(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        values = []
        for _ in range(3):
            async with client.transaction():
                values.append(await seq.next_value(client.conn))

    assert values == [1, 2, 3]
    assert database.last(name) == 3
