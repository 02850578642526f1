"""Promise 5: nowait gives the caller's lock_timeout back, and never lengthens it."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, SequenceLocked
from tests.database import Database

pytestmark = pytest.mark.only(dialect="postgresql")


@pytest.mark.parametrize("patience", ["0", "7ms", "30s"])
async def test_the_callers_lock_timeout_is_kept(
    database: Database, name: str, patience: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as loser:
        async with loser.transaction():
            await loser.execute(f"SET LOCAL lock_timeout = '{patience}'")
            assert await seq.next_value(loser.conn, nowait=True) == 1
            assert await loser.scalar("SHOW lock_timeout") == patience
            assert await seq.next_value(loser.conn, nowait=True) == 2
            assert await loser.scalar("SHOW lock_timeout") == patience
        async with holder.transaction(), loser.transaction():
            await seq.next_value(holder.conn)
            await loser.execute(f"SET LOCAL lock_timeout = '{patience}'")
            with pytest.raises(SequenceLocked):
                await seq.next_value(loser.conn, nowait=True)
            assert await loser.scalar("SHOW lock_timeout") == patience
        async with loser.transaction():
            assert await loser.scalar("SHOW lock_timeout") == "0"


@pytest.mark.parametrize(
    ("patience", "meanwhile"),
    [("0", "50ms"), ("7ms", "7ms"), ("50ms", "50ms"), ("51ms", "50ms"), ("1h", "50ms")],
)
async def test_a_first_value_never_waits_longer_than_the_caller(
    database: Database, name: str, patience: str, meanwhile: str
) -> None:
    table = name.replace("-", "_")
    # The row itself notes the setting that it was written under.
    noted = "patience text DEFAULT current_setting('lock_timeout')"
    database.run(f"CREATE TABLE {table} (name text PRIMARY KEY, last bigint, {noted})")
    async with database.connect() as client, client.transaction():
        await client.execute(f"SET LOCAL lock_timeout = '{patience}'")
        await AsyncSequence(name, table=table).next_value(client.conn, nowait=True)
        assert await client.scalar("SHOW lock_timeout") == patience

    assert database.run(f"SELECT last, patience FROM {table}") == [(1, meanwhile)]
