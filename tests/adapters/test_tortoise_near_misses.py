"""Objects of Tortoise that aren't the client of a transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from aseq import AsyncSequence, UnsupportedConnection
from aseq.tortoise.models import Sequence
from tests.cases import Case
from tests.clients import TortoiseSqlite, sqlite_file
from tests.database import Database

NEAR_MISSES: dict[str, Any] = {
    "a model": Sequence,
    "an instance": Sequence(name="x", last_value=1),
    "Tortoise": Tortoise(),
}


@pytest.mark.parametrize("miss", NEAR_MISSES.values(), ids=NEAR_MISSES)
async def test_near_misses(miss: Any) -> None:
    with pytest.raises(UnsupportedConnection, match="async with in_transaction"):
        await AsyncSequence("x").next_value(miss)


async def test_a_block_that_wasnt_entered(tmp_path: Path) -> None:
    database = Database(Case(TortoiseSqlite, "sqlite"), sqlite_file(tmp_path))
    async with database.connect() as client:
        block: Any = in_transaction(client.alias)  # type: ignore[attr-defined]
        with pytest.raises(UnsupportedConnection, match="enter the block"):
            await AsyncSequence("x").next_value(block)
