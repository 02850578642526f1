"""Many series, while others issue in them: what was planted is found, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import asyncpg
import pytest

from aseq import create_table
from aseq.audit import Audit, Progress, Range, audit
from aseq.numbering import Numbering

LEVELS = ("read_committed", "repeatable_read", "serializable")
TENANTS = ("a", "b/=", "c")
ISSUED = 25
"""How many documents each writer saves."""


def numbering(name: str) -> Numbering:
    return Numbering(
        name, "{kind}-{year}-{number:03}", scope=["tenant"], period="year", tz="UTC"
    )


@asynccontextmanager
async def documents(dsn: str, name: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """A connection to a database with a table of documents."""
    table = name.replace("-", "_")
    conn = await asyncpg.connect(dsn)
    await create_table(conn)
    await conn.execute(
        f"CREATE TABLE {table} (id bigserial PRIMARY KEY, number text, tenant text, at date)"
    )
    try:
        yield conn, table
    finally:
        conn.terminate()


async def plant(conn: asyncpg.Connection, name: str, table: str) -> None:
    """A hole, a double, a text that can't be read, a date that runs backwards."""
    rows: list[tuple[str, str, dt.date | None]]
    rows = [(f"I-2026-{n:03}", "a", dt.date(2026, 1, n)) for n in range(1, 20) if n != 7]
    rows += [("I-2026-0012", "a", dt.date(2026, 1, 12)), ("I-2O26-001", "a", None)]
    rows += [("I-2025-1", "b/=", dt.date(2025, 2, 1)), ("I-2025-2", "b/=", dt.date(2025, 1, 1))]
    await conn.executemany(
        f"INSERT INTO {table} (number, tenant, at) VALUES ($1, $2, $3)", rows
    )
    counters = [(f"{name}/kind=I/tenant=a/2026", 19), (f"{name}/kind=I/tenant=b%2F%3D/2025", 2)]
    await conn.executemany("INSERT INTO aseq_sequence VALUES ($1, $2)", counters)


async def issue(dsn: str, name: str, table: str, writer: int) -> None:
    """Save documents of all tenants; some are rolled back."""
    conn = await asyncpg.connect(dsn)
    series = numbering(name)
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    for i in range(ISSUED):
        tenant = TENANTS[(i + writer) % 3]
        transaction = conn.transaction()
        await transaction.start()
        drawn = await series.next(conn, at=at, kind="I", tenant=tenant)
        await conn.execute(
            f"INSERT INTO {table} (number, tenant, at) VALUES ($1, $2, $3)",
            *(drawn.text, tenant, drawn.date),
        )
        await (transaction.rollback() if i % 4 == 3 else transaction.commit())
    await conn.close()


async def storm(dsn: str, name: str, table: str, level: str) -> list[Audit]:
    """Audits, one after the other, while four writers issue."""
    results: list[Audit] = []
    done = anyio.Event()
    scope = {"tenant": f"{table}.tenant"}

    async def audits() -> None:
        conn = await asyncpg.connect(dsn)
        while not done.is_set() or not results:
            async with conn.transaction(isolation=level, readonly=True):  # as on a replica
                for _ in range(2):
                    found = await audit(
                        *(conn, f"{table}.number", numbering(name)),
                        scope=scope,
                        date=f"{table}.at",
                    )
                    results.append(found)
        await conn.close()

    async with anyio.create_task_group() as group:
        group.start_soon(audits)
        async with anyio.create_task_group() as writers:
            for writer in range(4):
                writers.start_soon(issue, dsn, name, table, writer)
        done.set()
    return results


@pytest.mark.parametrize("level", LEVELS)
async def test_what_is_wrong_is_found_and_nothing_else(
    postgres: str, name: str, level: str
) -> None:
    async with documents(postgres, name) as (conn, table):
        await plant(conn, name, table)
        results = await storm(postgres, name, table, level)

    assert len(results) > 3
    for result in results:
        found = {series.name: series for series in result.series if not series.ok}
        assert set(found) == {
            name,
            f"{name}/kind=I/tenant=a/2026",
            f"{name}/kind=I/tenant=b%2F%3D/2025",
        }, str(result)
        holes = found[f"{name}/kind=I/tenant=a/2026"]
        assert holes.missing == (Range(7, 7, 1),)
        assert [(part.number, part.count) for part in holes.repeated] == [(12, 2)]
        assert holes.totals.outside == holes.totals.out_of_order == 0
        [late] = found[f"{name}/kind=I/tenant=b%2F%3D/2025"].out_of_order
        assert (late.number, late.previous) == (2, 1)
        assert [part.text for part in found[name].unreadable] == ["I-2O26-001"]
    assert max(series.rows for series in results[-1].series) > 19


async def test_what_its_listener_raises_ends_it_and_nothing_else(
    postgres: str, name: str
) -> None:
    class Enough(Exception):
        pass

    def stop(step: Progress) -> None:
        if step.done:
            raise Enough

    async with documents(postgres, name) as (conn, table):
        scope = {"tenant": f"{table}.tenant"}
        async with conn.transaction():
            with pytest.raises(Enough):
                await audit(
                    *(conn, f"{table}.number", numbering(name)), scope=scope, progress=stop
                )
            assert await conn.fetchval("SELECT 1") == 1


async def test_cancelling_is_like_cancelling_any_other_statement(
    postgres: str, name: str
) -> None:
    """The transaction can only be rolled back, and the connection is usable after that."""
    async with documents(postgres, name) as (conn, table):
        watcher = await asyncpg.connect(postgres)
        pid = conn.get_server_pid()
        slow = f"(SELECT count(*) FROM pg_sleep(600)) = 1 AND tenant = '{table}'"
        scope = {"tenant": f"{table}.tenant"}
        await conn.execute(f"INSERT INTO {table} (number, tenant) VALUES ('I-2026-1', 'a')")
        transaction = conn.transaction()
        await transaction.start()
        async with anyio.create_task_group() as group:

            async def ask() -> None:
                await audit(
                    *(conn, f"{table}.number", numbering(name)), scope=scope, where=slow
                )

            group.start_soon(ask)
            while not await watcher.fetchval(  # noqa: ASYNC110  # the server's state
                "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1", pid
            ):
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await conn.fetchval("SELECT 1")
        await transaction.rollback()
        assert not (await audit(conn, f"{table}.number", numbering(name), scope=scope)).ok
        await watcher.close()
