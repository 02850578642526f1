"""Keys, numbers and names of every kind: what a column may be, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aseq import AsyncSequence, InvalidSequence, RowRefused
from aseq.issuing import number_rows
from aseq.numbering import Numbering
from tests import clients
from tests.cases import Case
from tests.clients import sqlite_file
from tests.database import Database

ON_POSTGRES = [clients.Asyncpg, clients.SessionPsycopg, clients.TortoiseAsyncpg]


@pytest.fixture(params=ON_POSTGRES, ids=lambda kind: kind.__name__)
def postgresql(request: pytest.FixtureRequest, postgres: str) -> Database:
    database = Database(Case(request.param, "postgresql"), postgres)
    database.create_tables()
    return database


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    database = Database(Case(clients.Aiosqlite, "sqlite"), sqlite_file(tmp_path))
    database.create_tables()
    return database


KEYS = [
    ("uuid", ["'00000000-0000-0000-0000-00000000000A'", "gen_random_uuid()"]),
    ("text", ["'it''s'", "'\"5\"'", "'5'", "'Ünïcode 🦜'", "'back\\slash'", "''"]),
    ("smallint", ["-1", "7"]),
    ("bigint", ["9223372036854775807", "-9223372036854775808"]),
    ("numeric(6, 2)", ["5.00", "5.25"]),
    ("numeric", ["123456789012345678901234567890", "0.1"]),
    ("double precision", ["0.1", "1e300"]),
    ("char(5)", ["'a'", "'abcde'"]),
    ("varchar(3)", ["'a'", "'abc'"]),
    ("timestamptz", ["'2026-01-01 12:00+02'", "now()"]),
    ("date", ["'2026-01-01'", "'0044-03-15'"]),
    ("boolean", ["true", "false"]),
    ("bytea", [r"'\x00ff'", r"'\x'"]),
    ("inet", ["'10.0.0.1'", "'::1'"]),
]


@pytest.mark.parametrize(("kind", "values"), KEYS)
async def test_keys(postgresql: Database, name: str, kind: str, values: list[str]) -> None:
    table = name.replace("-", "_")
    postgresql.run(f"CREATE TABLE {table} (k {kind} PRIMARY KEY, number bigint UNIQUE)")
    for value in values:
        postgresql.run(f"INSERT INTO {table} VALUES ({value})")

    async with postgresql.connect() as client, client.transaction():
        done = await number_rows(
            client.conn, AsyncSequence(name), f"{table}.number", key="k", order_by="-k"
        )

    assert done.count == len(values)
    numbers = postgresql.run(f"SELECT number FROM {table} ORDER BY k DESC")
    assert [number for (number,) in numbers] == [*range(1, len(values) + 1)]


async def test_keys_that_cant_tell_rows_apart(postgresql: Database, name: str) -> None:
    table = name.replace("-", "_")
    postgresql.run(
        f"CREATE TABLE {table} (j jsonb, a int[], same int, none int, number bigint)"
    )
    postgresql.run(
        f"INSERT INTO {table} VALUES ('[1]', '{{1}}', 7, 1), ('{{}}', '{{2}}', 7, 2)"
    )
    wrong = [
        ("j", "key is j, of type jsonb, which can't tell rows apart"),
        ("a", "key is a, of type integer[], which can't tell rows apart"),
        ("same", "key is same, which several rows have in common"),
    ]

    async with postgresql.connect() as client, client.transaction():
        for key, text in wrong:
            with pytest.raises(InvalidSequence) as caught:
                await number_rows(client.conn, AsyncSequence(name), f"{table}.number", key=key)
            assert str(caught.value) == text
        await client.save(name, 1)

    assert postgresql.saved(name) == [1]


async def test_a_key_that_a_numbered_row_has_too(postgresql: Database, name: str) -> None:
    """Its number must not be written over."""
    table = name.replace("-", "_")
    postgresql.run(f"CREATE TABLE {table} (k int, number bigint)")
    postgresql.run(f"INSERT INTO {table} VALUES (7, 70), (7, NULL)")

    async with postgresql.connect() as client:
        with pytest.raises(RowRefused, match="2 rows with this key were changed"):
            async with client.transaction():
                await number_rows(client.conn, AsyncSequence(name), f"{table}.number", key="k")

    assert postgresql.run(f"SELECT number FROM {table} ORDER BY number") == [(70,), (None,)]
    assert postgresql.last(name) is None


NUMBERS = ["smallint", "integer", "numeric(5, 2)", "numeric", "real", "varchar(3)", "char(9)"]


@pytest.mark.parametrize("kind", [*NUMBERS, "text", "positive"])
async def test_columns_of_numbers(postgresql: Database, name: str, kind: str) -> None:
    table = name.replace("-", "_")
    if kind == "positive":
        kind = f"positive_{table}"
        postgresql.run(f"CREATE DOMAIN {kind} AS int CHECK (value > 0)")
    postgresql.run(f"CREATE TABLE {table} (id int PRIMARY KEY, number {kind} UNIQUE)")
    postgresql.run(f"INSERT INTO {table} VALUES (1), (2)")

    async with postgresql.connect() as client, client.transaction():
        done = await number_rows(client.conn, AsyncSequence(name), f"{table}.number", key="id")

    [counted] = done.by_counter.values()
    assert int(str(counted.last).split(".")[0]) == 2
    numbers = postgresql.run(f"SELECT number FROM {table} ORDER BY id")
    assert [int(number) for (number,) in numbers] == [1, 2]


@pytest.mark.parametrize("kind", ["varchar(20)", "char(20)", "text"])
async def test_columns_of_texts(postgresql: Database, name: str, kind: str) -> None:
    table, numbers = name.replace("-", "_"), Numbering(name, "Nº {number:03}%")
    postgresql.run(f"CREATE TABLE {table} (id int PRIMARY KEY, number {kind} UNIQUE)")
    postgresql.run(f"INSERT INTO {table} VALUES (1)")

    async with postgresql.connect() as client, client.transaction():
        await number_rows(client.conn, numbers, f"{table}.number", key="id")

    [(number,)] = postgresql.run(f"SELECT number FROM {table}")
    assert number.rstrip() == "Nº 001%"


# (type, first number, what the database says)
TOO_SMALL = [
    ("smallint", 32_768, "out of range"),
    ("numeric(3, 0)", 1000, "overflow"),
    ("varchar(2)", 100, "too long"),
    ("positive", -1, "violates check"),
]


@pytest.mark.parametrize(("kind", "first", "text"), TOO_SMALL)
async def test_a_number_that_the_column_cant_hold(
    postgresql: Database, name: str, kind: str, first: int, text: str
) -> None:
    table = name.replace("-", "_")
    if kind == "positive":
        kind = f"positive_{table}"
        postgresql.run(f"CREATE DOMAIN {kind} AS int CHECK (value > 0)")
    postgresql.run(f"CREATE TABLE {table} (id int PRIMARY KEY, number {kind})")
    postgresql.run(f"INSERT INTO {table} VALUES (1)")

    async with postgresql.connect() as client:
        with pytest.raises(Exception, match=text):
            async with client.transaction():
                await number_rows(
                    client.conn, AsyncSequence(name, first), f"{table}.number", key="id"
                )

    assert postgresql.last(name) is None


ROUNDED = [("numeric(10, -1)", 15), ("real", 16_777_217)]


@pytest.mark.parametrize(("kind", "first"), ROUNDED)
async def test_a_number_that_the_column_rounds(
    postgresql: Database, name: str, kind: str, first: int
) -> None:
    table = name.replace("-", "_")
    if kind.startswith("numeric") and _version(postgresql) < 15:
        pytest.skip("a negative scale came with PostgreSQL 15")
    postgresql.run(f"CREATE TABLE {table} (id int PRIMARY KEY, number {kind})")
    postgresql.run(f"INSERT INTO {table} VALUES (1)")

    async with postgresql.connect() as client:
        with pytest.raises(RowRefused, match=f"got the number {first}, but now it holds"):
            async with client.transaction():
                await number_rows(
                    client.conn, AsyncSequence(name, first), f"{table}.number", key="id"
                )

    assert postgresql.last(name) is None


def _version(database: Database) -> int:
    [(number,)] = database.run("SELECT current_setting('server_version_num')")
    return int(number) // 10_000


NAIVE = (
    "at_from is naive, of type timestamp without time zone: a number is of a date, or of a "
    "timestamp with time zone (one without could be several moments)"
)

# (what is named, what is said)
WRONG_TYPES: list[tuple[dict[str, Any], str]] = [
    ({"column": "day"}, "column is day, of type date: numbers are kept in integers or texts"),
    (
        {"at_from": "naive"},
        NAIVE,
    ),
    (
        {"at_column": "id"},
        "at_column is id, of type integer: it gets a timestamp or a date",
    ),
]


@pytest.mark.parametrize(("options", "text"), WRONG_TYPES)
async def test_columns_of_the_wrong_type(
    postgresql: Database, name: str, options: dict[str, Any], text: str
) -> None:
    table, numbers = name.replace("-", "_"), Numbering(name, "{number}")
    postgresql.run(
        f"CREATE TABLE {table} (id int, k int, day date, naive timestamp, number text)"
    )
    wrong = {"column": "number", **options}
    column = f"{table}.{wrong.pop('column')}"

    async with postgresql.connect() as client, client.transaction():
        with pytest.raises(InvalidSequence) as caught:
            await number_rows(client.conn, numbers, column, key="k", **wrong)

    assert str(caught.value) == text


ODD = ['a "b', "select", "Mixed Case", "'; DROP TABLE x; --", "%s %% $1 :name {} $table", "é"]


@pytest.mark.parametrize("odd", ODD)
async def test_odd_names(postgresql: Database, name: str, odd: str) -> None:
    unique = f"{odd} {name}"
    quoted, column = (f'"{text.replace(chr(34), chr(34) * 2)}"' for text in (unique, odd))
    postgresql.run(f"CREATE SCHEMA {quoted}")
    postgresql.run(
        f"CREATE TABLE {quoted}.{quoted} ({column} int PRIMARY KEY, number text, day date, at "
        "timestamptz)"
    )
    postgresql.run(f"INSERT INTO {quoted}.{quoted} VALUES (1, NULL, '2026-05-05')")
    numbers = Numbering(name, "{kind}-{year}-{number}", period="year", tz="UTC")

    async with postgresql.connect() as client, client.transaction():
        done = await number_rows(
            client.conn,
            numbers,
            f"{unique}.{unique}.number",
            key=odd,
            order_by=f"-{unique}.{unique}.day",
            scope={"kind": odd},
            at_from="day",
            at_column="at",
        )

    assert done.count == 1
    assert postgresql.run(f"SELECT number FROM {quoted}.{quoted}") == [("1-2026-1",)]


@pytest.mark.parametrize("odd", ODD)
async def test_odd_names_on_sqlite(sqlite: Database, name: str, odd: str) -> None:
    quoted = f'"{odd.replace(chr(34), chr(34) * 2)}"'
    sqlite.run(
        f"CREATE TABLE {quoted} ({quoted} text PRIMARY KEY, number, day, at) WITHOUT ROWID"
    )
    sqlite.run(f"INSERT INTO {quoted} VALUES ('k', NULL, '2026-05-05', NULL)")
    numbers = Numbering(name, "{kind}-{year}-{number}", period="year", tz="UTC")

    async with sqlite.connect() as client, client.transaction():
        await number_rows(
            client.conn,
            numbers,
            f"{odd}.number",
            key=odd.upper() if odd.isascii() else odd,
            scope={"kind": odd},
            at_from="day",
            at_column="at",
        )

    assert sqlite.run(f"SELECT number, at FROM {quoted}") == [
        ("k-2026-1", "2026-05-05 00:00:00.000000")
    ]


async def test_a_number_that_sqlite_changes(sqlite: Database, name: str) -> None:
    """A column for integers makes an integer of what looks like one: 007 would be 7."""
    sqlite.run("CREATE TABLE invoice (id integer PRIMARY KEY, number integer)")
    sqlite.run("INSERT INTO invoice (id) VALUES (1)")

    async with sqlite.connect() as client:
        with pytest.raises(RowRefused, match="got the number '001', but now it holds 1"):
            async with client.transaction():
                await number_rows(
                    client.conn, Numbering(name, "{number:03}"), "invoice.number", key="id"
                )

    assert sqlite.run("SELECT number FROM invoice") == [(None,)]


MOMENTS = [
    ("2026-01-01", "2026-1"),
    ("2025-12-31T23:30:00+00:00", "2026-1"),
    ("2025-12-31 23:30:00Z", "2026-1"),
    ("2026-01-01 00:30:00+02:00", "2025-1"),
]


@pytest.mark.parametrize(("moment", "text"), MOMENTS)
async def test_moments_on_sqlite(sqlite: Database, name: str, moment: str, text: str) -> None:
    sqlite.run("CREATE TABLE invoice (id integer PRIMARY KEY, number text, at text)")
    sqlite.run(f"INSERT INTO invoice (at) VALUES ('{moment}')")
    numbers = Numbering(name, "{year}-{number}", period="year", tz="Europe/Paris")

    async with sqlite.connect() as client, client.transaction():
        await number_rows(client.conn, numbers, "invoice.number", key="id", at_from="at")

    assert sqlite.run("SELECT number FROM invoice") == [(text,)]
