"""How long `issue` waits, and where its tables are."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path
from time import perf_counter

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import AsyncSequence, SequenceLocked, create_table, create_table_sql
from aseq.ledger import Ledger, create_ledger_sql
from aseq.numbering import Numbering
from tests import clients
from tests.clients import sqlite_file
from tests.database import Database
from tests.numbering.midnight import DAY, SECOND, clock_off, now
from tests.numbering.storming import prepared

LEDGER = Ledger()


@pytest.fixture
def database(postgres: str) -> Database:
    database = prepared(clients.Asyncpg, postgres)
    database.run(create_ledger_sql("postgresql"))
    return database


@pytest.mark.parametrize("key", [None, "b"])
@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("check", [None, lambda digits: str(int(digits) % 7)])
async def test_not_waiting(
    database: Database, name: str, key: str | None, fair: bool, check: object
) -> None:
    numbers = Numbering(name, "{number}-x", fair=fair, check=check)  # type: ignore[arg-type]
    async with database.connect() as one, database.connect() as other:
        async with one.transaction():  # a first value that isn't committed can't be seen
            await LEDGER.issue(one.conn, numbers)
        async with one.transaction():
            await LEDGER.issue(one.conn, numbers, key="a")
            async with other.transaction():
                with pytest.raises(SequenceLocked, match="The transaction is usable"):
                    await LEDGER.issue(other.conn, numbers, key=key, nowait=True)
                assert await other.scalar("SELECT 1") == 1
        async with other.transaction():
            issued = await LEDGER.issue(other.conn, numbers, key=key, nowait=True)
        assert issued.number == 3


@pytest.mark.parametrize("key", [None, "b"])
async def test_not_longer_than(database: Database, name: str, key: str | None) -> None:
    """Whoever waits for the row has less left, if it waited for the queue before."""
    seq = AsyncSequence(name)
    async with database.connect() as one, database.connect() as other:
        async with one.transaction():
            await one.execute(f"INSERT INTO aseq_sequence VALUES ('{name}', 1)")
            began = perf_counter()
            with pytest.raises(SequenceLocked, match="the lock timeout ended the wait"):
                async with other.transaction():
                    await LEDGER.issue(other.conn, seq, key=key, timeout=0.1)
            assert 0.1 <= perf_counter() - began < 5
            assert await other.scalar("SHOW lock_timeout") == "0"
        async with other.transaction():
            assert await LEDGER.issue(other.conn, seq, key=key, timeout=5) == 2
            assert await LEDGER.issue(other.conn, seq, key=key or "c", timeout=5) in (2, 3)
            assert await other.scalar("SHOW lock_timeout") == "0"


async def test_in_the_schema_of_a_tenant(database: Database, name: str) -> None:
    schema = f"tenant_{secrets.token_hex(4)}"
    database.run(f"CREATE SCHEMA {schema}")
    database.run(create_table_sql("postgresql", f"{schema}.aseq_sequence"))
    database.run(create_ledger_sql("postgresql", f"{schema}.aseq_ledger"))
    engine = create_async_engine(database.url.replace("postgresql:", "postgresql+asyncpg:"))
    mapped = engine.execution_options(schema_translate_map={None: schema})
    try:
        async with mapped.begin() as conn:
            await create_table(conn)
            for _ in range(2):
                assert await LEDGER.issue(conn, AsyncSequence(name), key="a") == 1
            await LEDGER.void(conn, 1, of=AsyncSequence(name), reason="x")
        assert database.run(f"SELECT state FROM {schema}.aseq_ledger") == [("void",)]
        assert database.run(f"SELECT 1 FROM aseq_ledger WHERE series = '{name}'") == []
    finally:
        await engine.dispose()
        database.run(f"DROP SCHEMA {schema} CASCADE")


async def test_a_scope_that_is_called_as_an_argument(database: Database, name: str) -> None:
    numbers = Numbering(name, "{key}-{number}").bind(key="x")
    async with database.connect() as client, client.transaction():
        assert (await LEDGER.issue(client.conn, numbers, key="a")).text == "x-1"


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
@pytest.mark.parametrize("kind", [clients.Asyncpg, clients.Sqlite3])
async def test_the_databases_clock_decides(
    kind: type[clients.Client], days: int, tmp_path: Path, postgres: str, name: str
) -> None:
    """This machine's may be wrong by a day, or by a year: so may be what was guessed."""
    is_sqlite = kind is clients.Sqlite3
    database = prepared(kind, sqlite_file(tmp_path) if is_sqlite else postgres)
    database.run(create_ledger_sql(database.case.dialect))
    numbers = Numbering(name, "{year}-{month}-{day}-{number}", period="year", tz="UTC")
    async with database.connect() as client:
        for number, key in enumerate((None, "a"), 1):
            with clock_off(dt.timedelta(days=days)):
                async with client.transaction():
                    issued = await LEDGER.issue(client.conn, numbers, key=key)
            today = now().date()
            assert issued.text in {f"{day}-{number}" for day in (today, today - DAY)}
            assert abs(issued.at - now()) < 60 * SECOND
    texts = database.run(f"SELECT text FROM aseq_ledger WHERE series = '{name}' ORDER BY 1")
    assert texts == [(f"{issued.date}-{number}",) for number in (1, 2)]
