"""Issuing on SQLite: one writer, one transaction for a group, halved as transactions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from aseq import AsyncSequence, NotIssuable, create_table_sql
from aseq.errors import RowRefused
from aseq.issuing import Issued, Issuer
from aseq.sqlalchemy import begin_immediate
from tests.issuing.asked import told_why

SEQUENCE = AsyncSequence("invoices")

TABLE = """\
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE draft (
    id integer PRIMARY KEY, kind text NOT NULL DEFAULT 'good', number bigint UNIQUE,
    parent integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED,
    CHECK (kind <> 'check' OR number IS NULL)
);
CREATE TRIGGER t BEFORE UPDATE ON draft WHEN NEW.kind = 'drop' BEGIN
    SELECT RAISE(IGNORE); END;
CREATE TRIGGER u BEFORE UPDATE ON draft WHEN NEW.kind = 'raise' BEGIN
    SELECT RAISE(ABORT, 'no'); END;
CREATE TRIGGER w AFTER UPDATE OF number ON draft WHEN NEW.kind = 'deferred' BEGIN
    UPDATE draft SET parent = 7 WHERE id = NEW.id; END;
"""

REFUSED = ("check", "raise", "drop", "deferred")


class File:
    """A database of drafts."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def run(self, sql: str, *args: object) -> list[Any]:
        with closing(sqlite3.connect(self.path, timeout=60)) as conn, conn:
            return conn.execute(sql, args).fetchall()

    def add(self, kind: str = "good") -> int:
        [(key,)] = self.run("INSERT INTO draft (kind) VALUES (?) RETURNING id", kind)
        return int(key)

    def numbers(self) -> dict[int, int]:
        return dict(self.run("SELECT id, number FROM draft WHERE number IS NOT NULL"))

    def check_gapless(self) -> None:
        last = self.run("SELECT last FROM aseq_sequence")
        assert sorted(self.numbers().values()) == list(range(1, (last or [(0,)])[0][0] + 1))


@pytest.fixture
def file(tmp_path: Path) -> File:
    file = File(tmp_path / "aseq.db")
    with closing(sqlite3.connect(file.path)) as conn:
        conn.execute(create_table_sql("sqlite"))
        conn.executescript(TABLE)
    return file


def plain_begin(engine: AsyncEngine) -> AsyncEngine:
    """The recipe of SQLAlchemy's own documentation, with a BEGIN that takes no lock."""

    def connect(dbapi: Any, _: object) -> None:
        dbapi.isolation_level = None

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(
        engine.sync_engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN") and None
    )
    return engine


SET_UPS = {"immediate": begin_immediate, "default": lambda engine: engine, "begin": plain_begin}


@pytest.fixture(params=list(SET_UPS.values()), ids=list(SET_UPS))
async def engine(request: pytest.FixtureRequest, file: File) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{file.path}", connect_args={"timeout": 60}
    )

    def enforce(dbapi: Any, _: object) -> None:
        dbapi.execute("PRAGMA foreign_keys = ON").close()

    event.listen(engine.sync_engine, "connect", enforce)
    yield request.param(engine)
    await engine.dispose()


@pytest.fixture
async def issuer(engine: AsyncEngine) -> AsyncIterator[Issuer[int]]:
    async with Issuer(engine, SEQUENCE, "draft.number", key="id") as issuer:
        yield issuer


async def test_a_group_with_rows_that_are_refused(file: File, issuer: Issuer[int]) -> None:
    keys = [file.add() for _ in range(5)]
    bad = [file.add(kind) for kind in REFUSED]
    more = [file.add() for _ in range(5)]

    told: list[Any] = await asyncio.gather(
        *map(issuer.issue, [*keys, *bad, 999, *more]), return_exceptions=True
    )

    assert told[:5] + told[-5:] == list(range(1, 11))
    assert [isinstance(each, RowRefused) for each in told[5:9]] == [False, False, True, False]
    assert all(isinstance(each, Exception) for each in told[5:9])
    assert isinstance(told[9], NotIssuable)
    file.check_gapless()
    assert [await issuer.issue(key) for key in keys] == told[:5]


async def test_somebody_else_writes(file: File, issuer: Issuer[int]) -> None:
    key = file.add()
    with closing(sqlite3.connect(file.path, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        call = asyncio.create_task(issuer.issue(key))
        await told_why(issuer, key, "the sequence is held by another transaction")
        conn.execute("COMMIT")
        assert await call == 1


async def test_two_issuers_and_others_who_draw(file: File, engine: AsyncEngine) -> None:
    async def other() -> None:
        async with engine.begin() as conn:
            number = await SEQUENCE.next_value(conn)
            await conn.exec_driver_sql("INSERT INTO draft (number) VALUES (?)", (number,))

    one, two = (Issuer(engine, SEQUENCE, "draft.number", key="id") for _ in range(2))
    async with one, two:
        keys = [file.add() for _ in range(30)]
        calls = [(one, two)[key % 2].issue(key, timeout=60) for key in keys]
        told = await asyncio.gather(*calls, *(other() for _ in range(5)))

    assert file.numbers().items() >= dict(zip(keys, told, strict=False)).items()
    file.check_gapless()


async def test_a_hook_and_its_faults(file: File, engine: AsyncEngine) -> None:
    file.run("CREATE TABLE event (key integer, number bigint)")
    keys = [file.add() for _ in range(5)]

    async def write(conn: Any, issued: Sequence[Issued]) -> None:
        for each in issued:
            if each.key == keys[2]:
                raise ZeroDivisionError
            await conn.exec_driver_sql(
                "INSERT INTO event VALUES (?, ?)", (each.key, each.number)
            )

    async with Issuer(engine, SEQUENCE, "draft.number", key="id", on_issued=write) as issuer:
        told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    assert isinstance(told[2], ZeroDivisionError)
    assert dict(file.run("SELECT key, number FROM event")) == file.numbers()
    assert len(file.numbers()) == 4
    file.check_gapless()
