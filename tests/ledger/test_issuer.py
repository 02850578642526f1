"""An issuer with a ledger: nobody suffers for another, and it has what the rows have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import AsyncSequence, InvalidRow, InvalidSequence, LedgerConflict, LedgerTableMissing
from aseq.issuing import Issuer
from aseq.ledger import Ledger, create_guard_sql, create_ledger_sql
from aseq.sqlalchemy import begin_immediate
from tests import clients
from tests.clients import sqlite_file
from tests.issuing.drafts import Drafts as PlainDrafts
from tests.issuing.drafts import of
from tests.issuing.sources import SOURCES, Open, asyncpg_pool
from tests.issuing.troubled import REFUSED, Drafts, drafts
from tests.numbering.storming import prepared

AS_A_ROW = {"drop", "change", "raise", "unique", "check"}


@pytest.fixture
def table(postgres: str) -> Iterator[Drafts]:
    """A table of drafts, and a ledger of its own."""
    with drafts(postgres) as table:
        table.run(create_ledger_sql("postgresql", ledger_of(table)))
        table.run(create_guard_sql("postgresql", ledger_of(table)))
        table.run(f"GRANT ALL ON {ledger_of(table)} TO aseq_clerk")
        yield table
        table.run(f"DROP TABLE {ledger_of(table)}")


@pytest.fixture
async def pool(table: Drafts) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg_pool(table.url) as pool:
        yield pool


def ledger_of(table: Drafts) -> str:
    return f"{table.name}_ledger"


def issuer_on(source: Any, table: Drafts, **options: Any) -> Issuer[int]:
    ledger = Ledger(ledger_of(table))
    return Issuer(
        source, table.sequence, table.column, key="id", ledger=ledger, by="api", **options
    )


def noted(table: Drafts) -> dict[str, int]:
    """What the ledger has."""
    return dict(table.run(f"SELECT document_key, number FROM {ledger_of(table)}"))


def check_noted(table: Drafts) -> None:
    """The ledger has what the rows have, and no number is missing."""
    assert noted(table) == {f"{table.name}/{key}": n for key, n in table.numbers().items()}
    table.check_gapless()


@pytest.mark.parametrize("open_source", SOURCES.values(), ids=list(SOURCES))
async def test_a_group_with_every_kind_of_trouble(table: Drafts, open_source: Open) -> None:
    kinds = [kind for kind in REFUSED for _ in "ab"]
    keys = {table.add(kind): kind for kind in [*kinds, *["good"] * 20]}
    async with open_source(table.url) as source, issuer_on(source, table) as issuer:
        told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
        again = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
    numbers = dict(zip(keys, told, strict=True))
    for key, kind in keys.items():
        assert isinstance(numbers[key], int) == (kind == "good")
    assert [each for each in again if isinstance(each, int)] == [
        each for each in told if isinstance(each, int)
    ]
    check_noted(table)
    assert table.run(f"SELECT DISTINCT issued_by FROM {ledger_of(table)}") == [("api",)]


async def test_rows_that_the_ledger_refuses(table: Drafts, pool: asyncpg.Pool) -> None:
    """One is void there, and a trigger refuses another: the rest have no gap."""
    table.run(f"""\
        CREATE FUNCTION {ledger_of(table)}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.document_key LIKE '%/5' THEN RAISE 'not this one'; END IF;
            IF NEW.document_key LIKE '%/6' THEN RETURN NULL; END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER f BEFORE INSERT ON {ledger_of(table)} FOR EACH ROW
            EXECUTE FUNCTION {ledger_of(table)}_f()""")
    ledger, key = Ledger(ledger_of(table)), f"{table.name}/3"
    async with pool.acquire() as conn, conn.transaction():
        await ledger.issue(conn, table.sequence, key=f"{table.name}/8")
        await ledger.issue(conn, table.sequence, key=key)
        await ledger.void(conn, 2, of=table.sequence, reason="x")
    keys = table.add_many(9)
    async with issuer_on(pool, table) as issuer:
        told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
    void, raised, dropped, *_ = (told[keys.index(key)] for key in (3, 5, 6))
    assert isinstance(void, InvalidRow)
    assert "the ledger has the number '2' for it, which is void" in str(void)
    assert isinstance(raised, asyncpg.RaiseError)
    assert isinstance(dropped, LedgerConflict)
    assert "a number was drawn, and its row wasn't written" in str(dropped)
    numbers = table.numbers()
    assert [numbers[key] for key in (1, 2, 4, 7, 8, 9)] == [3, 4, 5, 6, 1, 7]
    assert table.last() == 7
    assert noted(table) == {key: 2} | {f"{table.name}/{k}": n for k, n in numbers.items()}


@pytest.mark.parametrize("lost", ["ledger", "counter"])
async def test_what_is_wrong_for_all(table: Drafts, pool: asyncpg.Pool, lost: str) -> None:
    keys = table.add_many(5)
    error: type[Exception] = LedgerTableMissing
    async with issuer_on(pool, table) as issuer:
        await issuer.issue(keys.pop())
        if lost == "ledger":
            table.run(f"ALTER TABLE {ledger_of(table)} RENAME TO {ledger_of(table)}_away")
        else:
            table.run("DELETE FROM aseq_sequence WHERE name = %s", table.name)
            table.run(f"UPDATE {table.name} SET number = -number")  # nor does it tell
            error = LedgerConflict
        told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
        assert [type(each) for each in told] == [error] * 4
        if lost == "ledger":
            table.run(f"ALTER TABLE {ledger_of(table)}_away RENAME TO {ledger_of(table)}")
            assert [await issuer.issue(key) for key in keys] == [2, 3, 4, 5]
    assert len(table.numbers()) == (5 if lost == "ledger" else 1)


async def test_a_row_whose_number_was_lost(table: Drafts, pool: asyncpg.Pool) -> None:
    [key, *_] = table.add_many(2)
    async with issuer_on(pool, table) as issuer:
        assert await issuer.issue(key) == 1
        table.run(f"UPDATE {table.name} SET number = NULL")
        assert await issuer.issue(key + 1) == 2
        assert await issuer.issue(key) == 1
        async with pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            async with issuer.on(conn):
                [other] = table.add_many(1)
                assert await issuer.issue(other) == 3
            await transaction.rollback()
    check_noted(table)


async def test_on_sqlite(tmp_path: Path, name: str) -> None:
    """There, halves are transactions of their own."""
    database = prepared(clients.SessionAiosqlite, sqlite_file(tmp_path))
    database.run(create_ledger_sql("sqlite"))
    rows = PlainDrafts(database, name)
    rows.count(9)
    database.run(
        "CREATE TRIGGER f BEFORE INSERT ON aseq_ledger WHEN NEW.document_key LIKE '%/5' "
        "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
    )
    engine = create_async_engine(f"sqlite+aiosqlite:///{database.url}")
    begin_immediate(engine)
    what: Any = AsyncSequence(name)
    try:
        async with Issuer(engine, what, of(rows.table), key="id", ledger=Ledger()) as issuer:
            told = await asyncio.gather(
                *map(issuer.issue, range(1, 10)), return_exceptions=True
            )
    finally:
        await engine.dispose()
    assert "not this one" in str(told[4])
    assert rows.column() == [1, 2, 3, 4, None, 5, 6, 7, 8]
    noted = database.run("SELECT document_key, number FROM aseq_ledger ORDER BY number")
    assert noted == [(f"{rows.table}/{k}", n) for k, n in rows.rows() if n is not None]


def test_a_sequence_that_loops(table: Drafts) -> None:
    engine = create_async_engine("postgresql+asyncpg://nowhere")
    with pytest.raises(InvalidSequence, match="those of a sequence that loops come again"):
        Issuer(engine, AsyncSequence("x", 1, 3), "invoice.number", key="id", ledger=Ledger())
