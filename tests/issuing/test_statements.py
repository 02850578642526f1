"""How many statements it takes, and what the one under a lock reads."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from aseq import AsyncSequence
from aseq.issuing import Issuer, number_rows
from aseq.numbering import Numbering
from tests.database import Database
from tests.wire import WARM, wired

from .drafts import Drafts, of
from .troubled import Drafts as Table

TENANTS = Numbering("statements", "{tenant}-{number}")

# The catalogue, the queue, the rows, the counter, the UPDATE; with scopes, a survey as well.
SEQUENCE, NUMBERING = 5, 6


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("scoped", [False, True])
async def test_the_same_for_any_number_of_rows(
    database: Database, name: str, scoped: bool
) -> None:
    drafts = Drafts(database, name)
    what = TENANTS if scoped else AsyncSequence(name)
    column = of(drafts.table, "code" if scoped else "number")
    scope = {"tenant": "tenant"} if scoped else None
    counts = []
    async with wired(database) as (client, wire):
        for rows in (*[1] * WARM, 1, 300):
            have = len(drafts.rows())
            drafts.add(
                *((key, f"t{key % 3}") for key in range(have, have + rows)),
                columns="id, tenant",
            )
            async with client.transaction():
                await client.execute("SELECT 1")  # begins, on some kinds only now
                wire.forget()
                done = await number_rows(client.conn, what, column, key="id", scope=scope)
                counts.append((wire.statements, wire.round_trips))
            assert done.count == rows

    expected = NUMBERING if scoped else SEQUENCE
    assert counts[-2:] == [(expected, expected)] * 2


async def test_rows_are_locked_without_a_look_at_all_that_wait(table: Table) -> None:
    """By the index on the number, that would be: the number of a draft is NULL."""
    locking: list[tuple[str, Any]] = []

    async def listen(conn: asyncpg.Connection) -> None:
        conn.add_query_logger(
            lambda query: (
                locking.append((query.query, query.args))
                if "SKIP LOCKED" in query.query
                else None
            )
        )

    keys = table.add_many(3000)
    async with (
        asyncpg.create_pool(table.url, min_size=1, max_size=2, setup=listen) as pool,
        Issuer(pool, table.sequence, table.column, key="id") as issuer,
    ):
        await issuer.issue(keys[0])
        [(query, args)] = locking
        async with pool.acquire() as conn:
            plan = await conn.fetch(f"EXPLAIN {query}", *args)

    told = "\n".join(row[0] for row in plan)
    assert "number_key" not in told
