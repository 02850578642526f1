"""Connections in the proxies of tracing libraries."""

from __future__ import annotations

from typing import Any

import pytest
import wrapt

from aseq import AsyncSequence, SequenceLocked
from tests.blocks import undone
from tests.database import Database


def proxied(connection: object) -> Any:
    """In two proxies, as where two libraries trace."""
    return wrapt.ObjectProxy(wrapt.ObjectProxy(connection))


async def test_drawn_on_all_the_same(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with undone(client.transaction()):
            assert await seq.next_value(proxied(client.conn)) == 1
        async with client.transaction():
            assert await seq.next_values(proxied(client.conn), 2) == range(1, 3)

    assert database.last(name) == 2


@pytest.mark.only(dialect="postgresql")
async def test_errors_are_told_all_the_same(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as one, database.connect() as other, one.transaction():
        await seq.next_value(proxied(one.conn))
        async with other.transaction():
            with pytest.raises(SequenceLocked):
                await seq.next_value(proxied(other.conn), nowait=True)
