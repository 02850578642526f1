"""Cancelled at every turn of the loop: a number and its row are committed together or never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aseq import AsyncSequence
from aseq.ledger import Ledger, create_ledger_sql
from aseq.numbering import Numbering
from tests import clients
from tests.clients import Client, sqlite_file
from tests.database import Database
from tests.faults.aftermath import assert_free, commit_anyway, roll_back
from tests.faults.attempts import cancelled_at
from tests.numbering.storming import prepared

LEDGER = Ledger()
TICKS = range(1, 31)
KINDS: list[type[Client]] = [
    clients.Asyncpg,
    clients.SessionPsycopg,
    clients.AatomicPostgres,
    clients.SessionAiosqlite,
    clients.Sqlite3,
    clients.TortoiseSqlite,
    clients.Asyncmy,
    clients.SessionAiomysql,
    clients.AatomicMariadb,
]


def opened(kind: type[Client], tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    name = kind.__name__.lower()
    server = "mariadb" if "my" in name or "mariadb" in name else "postgres"
    url = sqlite_file(tmp_path) if "sqlite" in name else request.getfixturevalue(server)
    database = prepared(kind, url)
    database.run(create_ledger_sql(database.case.dialect))
    return database


def check(digits: str) -> str:
    return str(sum(map(int, digits)) % 10)


@pytest.mark.parametrize(
    ("kind", "text"),
    [*((kind, "{number}") for kind in KINDS), (clients.Asyncpg, "{number}-{check}")],
)
async def test_issue_cancelled_at_every_tick_and_swallowed(
    kind: type[Client], text: str, tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    database = opened(kind, tmp_path, request)
    numbers = Numbering(name, text, check=check if "check" in text else None)
    undisturbed = 0
    async with database.connect() as client:
        for tick in TICKS:
            before = issued(database, name)
            result = await swallowed(client, numbers, f"key {tick}", tick)
            after = issued(database, name)
            if isinstance(result, BaseException):
                assert after == before
                undisturbed = 0
            else:
                assert after == [*before, (len(before) + 1, f"key {tick}")]
                undisturbed += 1
            assert database.last(name) == (len(after) or None)
            if undisturbed == 3:
                break  # too late to cancel anything
        await roll_back(client)
    await assert_free(database, f"{name}-saved")


async def swallowed(client: Client, numbers: Numbering, key: str, tick: int) -> object:
    """What became of a call, after everything was done to commit its transaction."""
    results: list[Any] = []

    async def draw() -> None:
        await client.save(f"{numbers.name}-before", tick)
        results.append(await cancelled_at(tick, LEDGER.issue(client.conn, numbers, key=key)))

    await commit_anyway(client, f"{numbers.name}-saved", draw)
    return results[0]


@pytest.mark.parametrize("kind", [clients.Asyncpg, clients.Sqlite3, clients.Asyncmy])
async def test_void_cancelled_at_every_tick_and_swallowed(
    kind: type[Client], tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    database, seq = opened(kind, tmp_path, request), AsyncSequence(name)
    undisturbed = 0
    async with database.connect() as client:
        async with client.transaction():
            for _ in TICKS:
                await LEDGER.issue(client.conn, seq)
        for tick in TICKS:
            results: list[Any] = []

            async def void(number: int = tick, results: list[Any] = results) -> None:
                await client.save(f"{name}-before", number)
                work = LEDGER.void(client.conn, number, of=seq, reason="x")
                results.append(await cancelled_at(number, work))

            await commit_anyway(client, f"{name}-saved", void)
            where = f"sequence = '{name}' AND number = {tick}"
            [(state,)] = database.run(f"SELECT state FROM aseq_ledger WHERE {where}")
            done = results == [True]
            assert state == ("void" if done else "issued")
            undisturbed = undisturbed + 1 if done else 0
            if undisturbed == 3:
                break
        await roll_back(client)


@pytest.mark.parametrize("kind", [clients.Asyncpg, clients.Sqlite3, clients.Asyncmy])
async def test_issue_many_cancelled_at_every_tick_and_swallowed(
    kind: type[Client], tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    database, seq = opened(kind, tmp_path, request), AsyncSequence(name)
    undisturbed = 0
    async with database.connect() as client:
        for tick in TICKS:
            before, results = issued(database, name), list[Any]()

            async def draw(tick: int = tick, results: list[Any] = results) -> None:
                await client.save(f"{name}-before", tick)
                work = LEDGER.issue_many(client.conn, seq, keys=[f"{tick}a", f"{tick}b"])
                results.append(await cancelled_at(tick, work))

            await commit_anyway(client, f"{name}-saved", draw)
            after = issued(database, name)
            done = isinstance(results[0], dict)
            assert len(after) - len(before) == (2 if done else 0)
            assert database.last(name) == (len(after) or None)
            undisturbed = undisturbed + 1 if done else 0
            if undisturbed == 3:
                break
        await roll_back(client)


def issued(database: Database, name: str) -> list[tuple[int, str]]:
    """What the ledger has, as a plain connection sees it."""
    sql = (
        f"SELECT number, document_key FROM aseq_ledger WHERE series = '{name}' ORDER BY number"
    )
    return [(number, key) for number, key in database.run(sql)]
