"""Rows and columns that can't be are told before anything is drawn: nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from aseq import AsyncSequence, InvalidRow, InvalidSequence
from aseq.issuing import number_rows
from aseq.numbering import Numbering
from tests import clients
from tests.cases import Case
from tests.clients import sqlite_file
from tests.database import Database

from .drafts import Drafts, of

CASES = (
    Case(clients.SessionAsyncpg, "postgresql"),
    Case(clients.Aiosqlite, "sqlite"),
)


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    case = request.param
    here = case.dialect == "sqlite"
    url = sqlite_file(tmp_path) if here else request.getfixturevalue("postgres")
    database = Database(case, url)
    database.create_tables()
    return database


async def test_a_row_without_a_date_is_named(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), Numbering(name, "{year}-{number}", tz="UTC")
    drafts.add((1, "2026-01-01"), (2, None), columns="id, day")

    async with database.connect() as client, client.transaction():
        with pytest.raises(InvalidRow) as caught:
            await number_rows(
                client.conn, numbers, of(drafts.table, "code"), key="id", at_from="day"
            )
        await client.save(name, 1)

    text = f"row 2 of {drafts.table} can't be numbered: its day is NULL, so it has no date"
    assert str(caught.value) == text
    assert database.saved(name) == [1]


async def test_a_scope_that_cant_be_is_named(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), Numbering(name, "{tenant}-{number}")
    drafts.add((1, "a"), (2, "x" * 101), (3, "a-b"), columns="id, tenant")

    async with database.connect() as client, client.transaction():
        for where, problem in (("id < 3", "tenant is too long"), ("id = 3", "'-'")):
            with pytest.raises(InvalidRow, match=problem) as caught:
                await number_rows(
                    client.conn,
                    numbers,
                    of(drafts.table, "code"),
                    key="id",
                    scope={"tenant": "tenant"},
                    where=where,
                )
            assert caught.value.key in (2, 3)

    assert drafts.column("code") == [None] * 3


NO_COLUMN = "{} can't be {}: {{table}} has no such column"

BIND = ". (If it is the value of all rows, bind the numbering to it: .bind(...))"

NAMED_WRONG = [
    ({"key": "nothing"}, NO_COLUMN.format("key", "nothing")),
    ({"order_by": "-nothing"}, NO_COLUMN.format("order_by", "nothing")),
    (
        {"scope": {"tenant": "acme"}},
        NO_COLUMN.format("scope", "acme") + BIND,
    ),
    (
        {"scope": {"tenant": "tenant"}, "at_from": "when"},
        NO_COLUMN.format("at_from", "when"),
    ),
]


@pytest.mark.parametrize(("options", "text"), NAMED_WRONG)
async def test_a_column_that_isnt_there(
    database: Database, name: str, options: dict[str, object], text: str
) -> None:
    drafts = Drafts(database, name)
    drafts.count(1)
    numbers = (
        Numbering(name, "{tenant}-{number}") if "scope" in options else AsyncSequence(name)
    )

    async with database.connect() as client, client.transaction():
        with pytest.raises(InvalidSequence) as caught:
            await number_rows(
                client.conn,
                numbers,
                of(drafts.table, "code"),
                **{"key": "id", **options},  # type: ignore[arg-type]
            )
        await client.save(name, 1)

    assert str(caught.value) == text.format(table=drafts.table)
    assert database.saved(name) == [1]


async def test_a_table_that_isnt_there(database: Database, name: str) -> None:
    async with database.connect() as client, client.transaction():
        with pytest.raises(InvalidSequence) as caught:
            await number_rows(client.conn, AsyncSequence(name), "nothing.number", key="id")
        await client.save(name, 1)

    text = "column can't be nothing.number: there is no table nothing"
    assert str(caught.value) == text
    assert database.saved(name) == [1]
