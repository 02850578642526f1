"""An audit never calls wrong what others do meanwhile, and holds none of them up."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import aiosqlite
import anyio
import asyncpg
import pytest

from aseq import (
    AsyncSequence,
    AuditRefused,
    InvalidSequence,
    SequenceTableMissing,
    create_table,
)
from aseq.adapters.asyncpg import AsyncpgExecutor
from aseq.adapters.base import Bind, Row
from aseq.audit import Audit, Outside, Range, audit

LEVELS = ("read_committed", "repeatable_read", "serializable")
STORM = 80
"""How many documents each writer saves."""


@asynccontextmanager
async def documents(dsn: str, name: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """A connection to a database with a table of documents."""
    table = name.replace("-", "_")
    conn = await asyncpg.connect(dsn)
    await create_table(conn)
    await conn.execute(f"CREATE TABLE {table} (id bigserial PRIMARY KEY, number bigint)")
    try:
        yield conn, table
    finally:
        conn.terminate()


async def _issue(dsn: str, table: str, seq: AsyncSequence, times: int) -> None:
    conn = await asyncpg.connect(dsn)
    for i in range(times):
        transaction = conn.transaction()
        await transaction.start()
        number = await seq.next_value(conn)
        await conn.execute(f"INSERT INTO {table} (number) VALUES ($1)", number)
        await (transaction.rollback() if i % 3 == 0 else transaction.commit())
    await conn.close()


async def _storm(dsn: str, table: str, seq: AsyncSequence, level: str) -> list[Audit]:
    """Audits, one after the other, while four writers issue and some roll back."""
    results: list[Audit] = []
    done = anyio.Event()

    async def audits() -> None:
        conn = await asyncpg.connect(dsn)
        while not done.is_set():
            async with conn.transaction(isolation=level):
                results.extend([await audit(conn, f"{table}.number", seq) for _ in range(3)])
        await conn.close()

    async with anyio.create_task_group() as group:
        group.start_soon(audits)
        async with anyio.create_task_group() as writers:
            for _ in range(4):
                writers.start_soon(_issue, dsn, table, seq, STORM)
        done.set()
    return results


@pytest.mark.parametrize("level", LEVELS)
async def test_nothing_is_found_where_nothing_is_wrong(
    postgres: str, name: str, level: str
) -> None:
    seq = AsyncSequence(name)
    async with documents(postgres, name) as (_, table):
        results = await _storm(postgres, table, seq, level)

    assert len(results) > 10
    assert [str(result) for result in results if not result.ok] == []
    assert max(result.series[0].rows for result in results) > 0


@pytest.mark.parametrize("level", LEVELS)
async def test_what_is_wrong_is_found_and_nothing_else(
    postgres: str, name: str, level: str
) -> None:
    """A hole, a double, and a number that nobody drew, which the others don't get to."""
    seq = AsyncSequence(name)
    async with documents(postgres, name) as (conn, table):
        await conn.execute(
            f"INSERT INTO {table} (number) SELECT n FROM generate_series(1, 50) n "
            "WHERE n NOT IN (7, 20, 21) UNION ALL VALUES (30), (1000000)"
        )
        await conn.execute("INSERT INTO aseq_sequence VALUES ($1, 50)", name)
        results = await _storm(postgres, table, seq, level)

    for result in results:
        [series] = result.series
        assert series.missing == (Range(7, 7, 1), Range(20, 21, 2))
        assert [(found.number, found.count) for found in series.repeated] == [(30, 2)]
        assert [(found.number, found.why) for found in series.outside] == [(1000000, "beyond")]
        assert not series.truncated


class Between(AsyncpgExecutor):
    """Lets others issue before each statement of an audit."""

    def __init__(self, conn: asyncpg.Connection, issue: Callable[[], Awaitable[None]]) -> None:
        super().__init__(conn)
        self._issue = issue

    async def fetch(self, sql: str, args: tuple[Bind, ...], /, **options: Any) -> Sequence[Row]:
        await self._issue()
        return await super().fetch(sql, args)


@pytest.mark.parametrize("by_hand", range(1, 12))
async def test_a_number_entered_by_hand_that_others_get_to(
    postgres: str, name: str, by_hand: int
) -> None:
    """It is beyond the counter first, and then a double: always found, as one or the other."""
    seq = AsyncSequence(name)
    async with documents(postgres, name) as (conn, table):
        await conn.execute(f"INSERT INTO {table} (number) VALUES ({by_hand})")
        other = await asyncpg.connect(postgres)

        async def issue() -> None:
            await _issue(postgres, table, seq, 3)  # of which one is rolled back

        result = await audit(Between(other, issue), f"{table}.number", seq)
        other.terminate()

    [series] = result.series
    assert not series.missing
    found = {part.number for part in series.outside} | {part.number for part in series.repeated}
    assert found == {by_hand}, str(result)


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "wal", "memory", "off"])
async def test_a_writer_beside_on_sqlite(tmp_path: Path, mode: str) -> None:
    path = str(tmp_path / "aseq.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as setup:
        setup.execute(f"PRAGMA journal_mode = {mode}")
        setup.execute("CREATE TABLE document (id integer PRIMARY KEY, number bigint)")
    async with aiosqlite.connect(path, isolation_level=None) as conn:
        await create_table(conn)
        stop, written = Event(), Event()

        def write() -> None:
            with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as writer:
                number = 0
                while not stop.is_set():
                    number += 1
                    writer.execute("BEGIN IMMEDIATE")
                    writer.execute(
                        "INSERT INTO aseq_sequence VALUES ('x', 1) "
                        "ON CONFLICT (name) DO UPDATE SET last = last + 1"
                    )
                    writer.execute("INSERT INTO document (number) VALUES (?)", [number])
                    writer.execute("COMMIT")
                    written.set()
                    stop.wait(0.001)  # let others have a turn: SQLite has no queue

        thread = Thread(target=write)
        thread.start()
        try:
            written.wait()
            await conn.execute("PRAGMA busy_timeout = 60000")
            seq = AsyncSequence("x")
            results = [await audit(conn, "document.number", seq) for _ in range(10)]
        finally:
            stop.set()
            thread.join()

    assert [str(result) for result in results if not result.ok] == []
    assert results[-1].series[0].rows > 0


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE"])
async def test_a_transaction_on_sqlite_is_refused(tmp_path: Path, begin: str) -> None:
    async with aiosqlite.connect(tmp_path / "aseq.db", isolation_level=None) as conn:
        await create_table(conn)
        await conn.execute(begin)
        with pytest.raises(AuditRefused) as error:
            await audit(conn, "document.number", AsyncSequence("x"))

    assert str(error.value) == (
        "can't audit here: the connection is in a transaction, and if that began with "
        "BEGIN IMMEDIATE or has written anything, nobody else can write until it ends "
        "(SQLite doesn't tell): audit before it begins, or on a connection of its own"
    )


async def test_hidden_rows_are_refused(postgres: str, name: str) -> None:
    async with documents(postgres, name) as (conn, table):
        role = f"role_{table}"
        await conn.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; CREATE ROLE {role}; "
            f"GRANT SELECT ON {table}, aseq_sequence TO {role}"
        )
        assert (await audit(conn, f"{table}.number", AsyncSequence(name))).ok
        async with conn.transaction():
            await conn.execute(f"SET LOCAL ROLE {role}")
            with pytest.raises(AuditRefused) as error:
                await audit(conn, f"{table}.number", AsyncSequence(name))
            assert await conn.fetchval("SELECT 1"), "the transaction is usable"

    assert str(error.value) == (
        f"can't audit here: row-level security hides rows of {table} from this role, and what "
        "can't be seen would be called missing: audit as the table's owner, or as a role with "
        "BYPASSRLS"
    )


async def test_what_is_not_there(postgres: str, name: str) -> None:
    async with documents(postgres, name) as (conn, table):
        seq = AsyncSequence(name)
        async with conn.transaction():
            for column, problem in (
                ("nothing.number", "there is no table nothing"),
                (f"{table}.nothing", f"{table} has none like it"),
            ):
                with pytest.raises(InvalidSequence) as error:
                    await audit(conn, column, seq)
                assert str(error.value) == f"column can't be {column}: {problem}"
            with pytest.raises(InvalidSequence, match=rf"^void can't be {table}.nothing: "):
                await audit(conn, f"{table}.number", seq, void=f"{table}.nothing")
        with pytest.raises(SequenceTableMissing):
            await audit(conn, f"{table}.number", AsyncSequence(name, table="nothing"))


async def test_lists_are_cut_and_totals_are_exact(postgres: str, name: str) -> None:
    async with documents(postgres, name) as (conn, table):
        await conn.execute(
            f"INSERT INTO {table} (number) SELECT n * 2 FROM generate_series(-4, 100) n "
            "UNION ALL SELECT n * 2 FROM generate_series(1, 50) n"
        )
        await conn.execute("INSERT INTO aseq_sequence VALUES ($1, 210)", name)
        result = await audit(conn, f"{table}.number", AsyncSequence(name), limit=3)

    [series] = result.series
    assert series.missing == (Range(1, 1, 1), Range(3, 3, 1), Range(5, 5, 1))
    assert [found.number for found in series.repeated] == [2, 4, 6]
    assert [found.number for found in series.outside] == [-8, -6, -4]
    assert isinstance(series.outside[0], Outside)
    assert series.totals.missing == 110
    assert series.totals.repeated == 50
    assert series.totals.outside == 5
    assert series.truncated
