"""What hooks are told of issuers, and of rows that are numbered in bulk."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg

from aseq.issuing import Issuer, number_rows
from tests.hooked import hooked
from tests.issuing.troubled import Drafts


async def test_a_group_is_one_draw_with_its_wait(
    table: Drafts, every_issuer: Issuer[int]
) -> None:
    keys = table.add_many(3)
    with hooked() as told, psycopg.connect(table.url) as holder:
        assert await every_issuer.issue(table.add()) == 1
        [(queue,)] = holder.execute(
            "SELECT hashtextextended(%s, 'aseq_sequence'::regclass::oid::bigint)",
            (table.sequence.name,),
        ).fetchall()
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (queue,))
        calls = asyncio.gather(*(every_issuer.issue(key) for key in keys))
        waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not holder.execute(waiting).fetchall():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        [(began,)] = holder.execute(
            "SELECT query_start FROM pg_stat_activity JOIN pg_locks USING (pid) "
            "WHERE locktype = 'advisory' AND NOT granted"
        ).fetchall()
        [(now,)] = holder.execute("SELECT clock_timestamp()").fetchall()
        holder.rollback()
        assert sorted(await calls) == [2, 3, 4]

    assert {(each.sequences, each.outcome) for each in told} == {
        ((table.sequence.name,), "drawn")
    }
    first, waited = told[0], max(each.waited or 0 for each in told[1:])
    assert first.count == 1
    assert sum(each.count for each in told) == 4
    assert (now - began).total_seconds() <= waited


async def test_rows_in_bulk(table: Drafts, conn: Any) -> None:
    table.add_many(3)
    with hooked() as told:
        async with conn.transaction():
            done = await number_rows(
                conn, table.sequence, table.column, key="id", order_by="id"
            )

    [drawn] = told
    assert (drawn.sequences, drawn.count) == ((table.sequence.name,), done.count)
    assert done.count >= 3
