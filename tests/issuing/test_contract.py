"""Rows get their numbers, on every kind of connection."""

from __future__ import annotations

from contextlib import suppress

import pytest

from aseq import AsyncSequence, InvalidRow, NotInTransaction, RowRefused
from aseq.issuing import CounterRows, NumberedRows, number_rows
from aseq.numbering import Numbering
from tests import clients
from tests.database import Database

from .drafts import Drafts, connected, of


async def test_each_row_gets_the_next_number(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(5)
    drafts.add((6, 100), columns="id, number")

    async with connected(database) as client:
        async with client.transaction():
            first = await numbers.next_value(client.conn)
        async with client.transaction():
            done = await number_rows(client.conn, numbers, of(drafts.table), key="id")
        async with client.transaction():
            again = await number_rows(client.conn, numbers, of(drafts.table), key="id")

    assert first == 1
    assert done == NumberedRows(5, 0, {name: CounterRows(5, 2, 6)})
    assert again == NumberedRows(0, 0, {})
    assert drafts.column() == [2, 3, 4, 5, 6, 100]
    assert database.last(name) == 6


async def test_a_rollback_takes_all_back(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(3)

    async with connected(database) as client:
        with suppress(ZeroDivisionError):
            async with client.transaction():
                await number_rows(client.conn, numbers, of(drafts.table), key="id")
                raise ZeroDivisionError

    assert drafts.column() == [None] * 3
    assert database.last(name) is None


async def test_order_condition_and_limit(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.add(
        (1, "2026-03-01", "a"),
        (2, "2026-01-01", "100%"),
        (3, None, "a"),
        (4, "2026-02-01", "draft"),
        (5, "2026-01-01", ":a $table {}"),
        columns="id, day, note",
    )

    async def call(client: clients.Client, **options: object) -> NumberedRows:
        async with client.transaction():
            return await number_rows(
                client.conn,
                numbers,
                of(drafts.table),
                key="id",
                where=f"{drafts.table}.note NOT LIKE 'dra%' -- :a $table {{}} '",
                **options,  # type: ignore[arg-type]
            )

    async with connected(database) as client:
        first = await call(client, order_by=["-day", "id"], limit=2)
        then = await call(client, order_by=[of(drafts.table, "day")], limit=2)
        last = await call(client, order_by="day", limit=2)

    assert [done.count for done in (first, then, last)] == [2, 2, 0]
    # NULL comes last, so first downwards; rows that are alike in the order of their keys.
    assert drafts.rows() == [(1, 2), (2, 3), (3, 1), (4, None), (5, 4)]


async def test_numbers_with_scopes_and_dates(database: Database, name: str) -> None:
    drafts = Drafts(database, name)
    numbers = Numbering(
        name, "{tenant}/{year}/{number:03}", scope=["tenant"], period="year", tz="Europe/Paris"
    )
    drafts.add(
        (1, "b", "2025-12-31"),
        (2, "a", "2026-01-01"),
        (3, "b", "2026-05-01"),
        (4, "a", "2026-01-01"),
        (5, "b", "2025-01-01"),
        columns="id, tenant, day",
    )

    async with connected(database) as client, client.transaction():
        done = await number_rows(
            client.conn,
            numbers,
            of(drafts.table, "code"),
            key="id",
            scope={"tenant": "tenant"},
            at_from="day",
            order_by="day",
            at_column="note" if database.case.dialect == "sqlite" else None,
        )

    assert drafts.column("code") == [
        *("b/2025/002", "a/2026/001", "b/2026/001", "a/2026/002", "b/2025/001"),
    ]
    assert done.by_counter == {
        f"{name}/tenant=b/2025": CounterRows(2, "b/2025/001", "b/2025/002"),
        f"{name}/tenant=a/2026": CounterRows(2, "a/2026/001", "a/2026/002"),
        f"{name}/tenant=b/2026": CounterRows(1, "b/2026/001", "b/2026/001"),
    }
    assert database.last(f"{name}/tenant=b/2025") == 2
    if database.case.dialect == "sqlite":
        assert drafts.column("note")[0] == "2025-12-30 23:00:00.000000"


async def test_the_databases_clock(database: Database, name: str) -> None:
    at = "at datetime(6)" if database.case.dialect in ("mariadb", "mysql") else "at timestamp"
    drafts = Drafts(database, name, f"tenant text, code text, {at}")
    numbers = Numbering(name, "{tenant}-{number}")
    drafts.add((1, "b"), (2, "a"), (3, "b"), columns="id, tenant")
    moment = {
        "mariadb": "UTC_TIMESTAMP(6)",
        "mysql": "UTC_TIMESTAMP(6)",
        "postgresql": "clock_timestamp() AT TIME ZONE 'UTC'",
        "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    }[database.case.dialect]
    [(before,)] = database.run(f"SELECT {moment}")

    async with connected(database) as client, client.transaction():
        done = await number_rows(
            client.conn,
            numbers,
            of(drafts.table, "code"),
            key="id",
            scope={"tenant": "tenant"},
            at_column="at",
        )

    [(after,)] = database.run(f"SELECT {moment}")
    assert drafts.column("code") == ["b-1", "a-1", "b-2"]
    assert done.count == 3
    assert all(before <= at <= after for at in drafts.column("at"))


async def test_a_row_without_a_scope_is_named(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), Numbering(name, "{tenant}-{number}")
    drafts.add((1, "a"), (2, None), (3, "b"), columns="id, tenant")
    column = of(drafts.table, "code")

    async with connected(database) as client, client.transaction():
        with pytest.raises(InvalidRow) as caught:
            await number_rows(
                client.conn, numbers, column, key="id", scope={"tenant": "tenant"}
            )
        # Nothing was drawn, so the transaction goes on.
        done = await number_rows(
            client.conn,
            numbers,
            column,
            key="id",
            scope={"tenant": "tenant"},
            where="tenant IS NOT NULL",
        )

    text = f"row 2 of {drafts.table} can't be numbered: its tenant is NULL, so it has no tenant"
    assert str(caught.value) == text
    assert done.count == 2
    assert drafts.column("code") == ["a-1", None, "b-1"]


async def test_outside_of_a_transaction(database: Database, name: str) -> None:
    """Even for a sequence that allows it: rows stay locked in a transaction alone."""
    drafts = Drafts(database, name)
    drafts.count(1)
    numbers = AsyncSequence(name, require_transaction=False)

    async with connected(database) as client:
        # If the connection begins by itself, nothing is committed either.
        with suppress(NotInTransaction):
            await number_rows(client.conn, numbers, of(drafts.table), key="id")

    assert drafts.column() == [None]


@pytest.mark.only(dialect={"postgresql", "sqlite"})  # MariaDB's can only fail, or change it
async def test_a_trigger_that_keeps_a_row_as_it_is(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(3)
    if database.case.dialect == "sqlite":
        database.run(
            f"CREATE TRIGGER silent_{drafts.table} BEFORE UPDATE ON {drafts.table} "
            "WHEN old.id = 2 BEGIN SELECT RAISE(IGNORE); END"
        )
    else:
        database.run(
            f"CREATE FUNCTION silent_{drafts.table}() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN IF old.id = 2 THEN RETURN NULL; END IF; RETURN new; END'"
        )
        database.run(
            f"CREATE TRIGGER silent BEFORE UPDATE ON {drafts.table} FOR EACH ROW "
            f"EXECUTE FUNCTION silent_{drafts.table}()"
        )

    async with connected(database) as client:
        with suppress(Exception):  # the caller swallows whatever the end says
            async with client.transaction():
                with pytest.raises(RowRefused) as refused:
                    await number_rows(client.conn, numbers, of(drafts.table), key="id")

    text = f"row 2 of {drafts.table} got the number 2, but it wasn't changed."
    assert str(refused.value).startswith(text)
    assert drafts.column() == [None] * 3
    assert database.last(name) is None
