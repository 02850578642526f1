"""Many different names in one transaction: each takes a slot of the server's lock table."""

from __future__ import annotations

import asyncpg
import psycopg
import pytest

from aseq import AsyncSequence, create_table
from devtools.postgres import postgres_server

NAMES = 1_000


async def draw_from_each(conn: object, names: int) -> None:
    for number in range(names):
        await AsyncSequence(f"case-{number}").next_value(conn)


async def test_a_thousand_names_leave_room_for_others() -> None:
    with postgres_server(max_connections=100) as server:
        async with await psycopg.AsyncConnection.connect(server.dsn) as conn:
            await create_table(conn)
            await conn.commit()
            await draw_from_each(conn, NAMES)
            counted = await conn.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
            assert await counted.fetchone() == (NAMES,)

            other = await asyncpg.connect(server.dsn, timeout=10)
            async with other.transaction():
                assert await AsyncSequence("invoices").next_value(other) == 1
            await other.close()
            await conn.rollback()

            counted = await conn.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            )
            assert await counted.fetchone() == (0,)


async def test_a_full_table_is_explained() -> None:
    with postgres_server(max_connections=10, max_locks_per_transaction=10) as server:
        async with await psycopg.AsyncConnection.connect(server.dsn) as conn:
            await create_table(conn)
            await conn.commit()
            with pytest.raises(psycopg.errors.OutOfMemory) as caught:
                await draw_from_each(conn, 20_000)
            assert caught.value.sqlstate == "53200"
            [note] = caught.value.__notes__
            assert "lock table may be full" in note
            assert "fair=False" in note
            await conn.rollback()

            assert await AsyncSequence("case-0", fair=False).next_value(conn) == 1
            await conn.commit()
