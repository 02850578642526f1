"""On a hot standby, while the primary goes on issuing."""

from __future__ import annotations

from dataclasses import replace

import anyio
import asyncpg

from aseq import AsyncSequence, create_table
from aseq.audit import Audit, Range, audit
from devtools.postgres import postgres_server, postgres_standby

NUMBERS = AsyncSequence("invoices")


async def _issue(conn: asyncpg.Connection, count: int) -> None:
    for _ in range(count):
        async with conn.transaction():
            number = await NUMBERS.next_value(conn)
            await conn.execute("INSERT INTO invoice (number) VALUES ($1)", number)


async def _ask(conn: asyncpg.Connection) -> Audit:
    return await audit(conn, "invoice.number", NUMBERS)


async def test_it_finds_what_the_primary_does_and_nothing_else() -> None:
    with postgres_server() as server, postgres_standby(server) as copy:
        primary, standby = await asyncpg.connect(server.dsn), await asyncpg.connect(copy.dsn)
        await create_table(primary)
        await primary.execute("CREATE TABLE invoice (id serial PRIMARY KEY, number bigint)")
        await _issue(primary, 5)
        await primary.execute("DELETE FROM invoice WHERE number = 2")

        async def replayed() -> bool:
            here = await primary.fetchval("SELECT CAST(pg_current_wal_flush_lsn() AS text)")
            there = "SELECT pg_last_wal_replay_lsn() >= CAST(CAST($1 AS text) AS pg_lsn)"
            return bool(await standby.fetchval(there, here))

        while not await replayed():  # noqa: ASYNC110  # the server's state
            await anyio.sleep(0.01)
        results: list[Audit] = []
        async with anyio.create_task_group() as group:
            group.start_soon(_issue, primary, 50)
            while not results or results[-1].series[0].counter != 55:
                results.append(await _ask(standby))

        assert await standby.fetchval("SELECT pg_is_in_recovery()")
        assert {result.series[0].missing for result in results} == {(Range(2, 2, 1),)}
        assert {result.series[0].totals.outside for result in results} == {0}
        there = await _ask(primary)
        assert replace(results[-1], at="") == replace(there, at="")
        await primary.close()
        await standby.close()
