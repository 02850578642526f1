"""On MariaDB and MySQL: a number goes to the row that was meant, and to no other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncmy
import pytest

from aseq import AsyncSequence, NotIssuable
from aseq.issuing import Issuer, number_rows
from tests import clients
from tests.clients.mysql import where
from tests.database import Database

from .drafts import connected, of

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"}, client=clients.Asyncmy)

ID = UUID("00000000-0000-4000-8000-0000000000fe")


def table_of(database: Database, name: str, kind: str, *values: str) -> str:
    """A table with a row for each key; the first has number 5."""
    table = name.replace("-", "_")
    database.run(f"CREATE TABLE {table} (k {kind} PRIMARY KEY, number int UNIQUE)")
    for place, value in enumerate(values):
        number = "NULL" if place else 5
        database.run(f"INSERT INTO {table} VALUES ({value}, {number})")
    return table


async def issued(database: Database, name: str, table: str, key: object) -> Any:
    """The number that an issuer gives to a row."""
    numbers = AsyncSequence(name, initial_value=6)
    async with (
        asyncmy.create_pool(**where(database.url), minsize=1, maxsize=2) as pool,
        Issuer(pool, numbers, of(table), key="k") as issuer,
    ):
        return await issuer.issue(key)


@pytest.mark.parametrize("kind", ["varbinary(16)", "binary(2)"])
async def test_bytes_that_are_no_text(database: Database, name: str, kind: str) -> None:
    """As texts, both keys would be ``A?``, and the number 5 would be written over."""
    table = table_of(database, name, kind, "x'413f'", "x'41ff'", "x'41fe'")
    async with connected(database) as client, client.transaction():
        numbers = AsyncSequence(name, initial_value=6)
        done = await number_rows(client.conn, numbers, of(table), key="k")

    assert done.count == 2
    assert database.run(f"SELECT HEX(k), number FROM {table} ORDER BY k") == [
        ("413F", 5),
        ("41FE", 6),
        ("41FF", 7),
    ]


@pytest.mark.parametrize("key", [ID, str(ID), ID.hex, ID.bytes], ids=["uuid", "-", "hex", "b"])
async def test_a_uuid_in_bytes(database: Database, name: str, key: object) -> None:
    table = table_of(database, name, "binary(16)", "x'00'", f"x'{ID.hex}'")

    assert await issued(database, name, table, key) == 6
    assert database.run(f"SELECT number FROM {table} ORDER BY k") == [(5,), (6,)]


async def test_a_uuid_in_a_text(database: Database, name: str) -> None:
    """As SQLAlchemy and Django keep it where there is no type of its own."""
    table = table_of(database, name, "char(32)", "''", f"'{ID.hex}'")

    assert await issued(database, name, table, ID) == 6


WRONG: dict[str, tuple[str, list[object]]] = {
    "varchar(3)": ("'abc'", ["abcd"]),
    "varchar(3) CHARACTER SET latin1": ("'?'", ["🦜"]),
    "int": ("2147483647", [2**31, 2**40, "2147483647th", "2147483646.6"]),
    "tinyint unsigned": ("0", [-1, "none"]),
    "decimal(4, 2)": ("99.99", ["100", "99.991"]),
    "varbinary(3)": ("'abc'", ["abc", "61626g"]),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_a_key_that_no_row_has(database: Database, name: str, kind: str) -> None:
    """The column would hold another value, which is a row's key."""
    there, keys = WRONG[kind]
    other = "'b'" if "char" in kind or "binary" in kind else "1"
    table = table_of(database, name, kind, other, there)
    for key in keys:
        with pytest.raises(NotIssuable):
            await issued(database, name, table, key)

    assert database.run(f"SELECT number FROM {table} WHERE k = {there}") == [(None,)]
    assert database.last(name) is None


@pytest.mark.parametrize("kind", ["int(5) unsigned zerofill", "decimal(5, 0) zerofill"])
async def test_zeros_in_front(database: Database, name: str, kind: str) -> None:
    """JSON has no such numbers."""
    table = name.replace("-", "_")
    database.run(f"CREATE TABLE {table} (k {kind} PRIMARY KEY, number {kind} UNIQUE)")
    database.run(f"INSERT INTO {table} VALUES (7, NULL), (8, NULL)")
    async with connected(database) as client, client.transaction():
        numbers = AsyncSequence(name, initial_value=6)
        await number_rows(client.conn, numbers, of(table), key="k", limit=1)

    assert await issued(database, name, table, 8) == 7
    assert await issued(database, name, table, "7") == 6
