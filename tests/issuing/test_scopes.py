"""Issuing with a Numbering: scopes are columns, and one that is held delays no other."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from typing import Any

import asyncpg
import pytest

from aseq.errors import InvalidRow
from aseq.issuing import Issued, Issuer, _plans, _prepare
from aseq.numbering import Numbering
from tests.issuing.asked import told_why
from tests.issuing.troubled import Drafts, drafts


@pytest.fixture
def table(postgres: str) -> Iterator[Drafts]:
    """Its numbers are texts."""
    with drafts(postgres, "text") as table:
        yield table


@pytest.fixture
def invoices(table: Drafts) -> Numbering:
    return Numbering(
        table.name, "{tenant}-{year}-{number:03}", scope=["tenant"], period="year", tz="UTC"
    )


@pytest.fixture
async def issuer(table: Drafts, invoices: Numbering, source: Any) -> AsyncIterator[Issuer[str]]:
    """On each kind of source."""
    async with Issuer(
        source,
        invoices,
        table.column,
        key="id",
        scope={"tenant": "tenant"},
        at_column="issued_at",
    ) as issuer:
        yield issuer


@pytest.fixture(autouse=True)
async def _within_a_year() -> None:
    """Don't begin in the last minute of a year: numbers of two would come."""
    while format(dt.datetime.now(dt.UTC), "%m-%d %H:%M") == "12-31 23:59":  # noqa: ASYNC110  # the clock tells nobody
        await asyncio.sleep(1)


def year() -> int:
    """The year that the server is in, too."""
    return dt.datetime.now(dt.UTC).year


async def test_each_scope_by_itself_in_one_group(table: Drafts, issuer: Issuer[str]) -> None:
    tenants = [*"abcab" * 8]
    keys = [table.add(tenant=tenant) for tenant in tenants]

    told = await asyncio.gather(*map(issuer.issue, keys))

    seen: dict[str, int] = {}
    for tenant, text in zip(tenants, told, strict=True):
        seen[tenant] = seen.get(tenant, 0) + 1
        assert text == f"{tenant}-{year()}-{seen[tenant]:03}"
    rows = table.run(f"SELECT number, issued_at FROM {table.name} WHERE number IS NOT NULL")
    assert {text for text, _ in rows} == set(told)
    assert all(at.year == year() for _, at in rows)
    assert [await issuer.issue(key) for key in keys[:3]] == told[:3]


async def test_a_scope_that_is_held_delays_no_other(
    table: Drafts, issuer: Issuer[str], invoices: Numbering, conn: asyncpg.Connection
) -> None:
    of_a, of_b = ([table.add(tenant=tenant) for _ in range(3)] for tenant in "ab")
    async with conn.transaction():
        first = await invoices.next(conn, tenant="a")
        await conn.execute(f"INSERT INTO {table.name} (number) VALUES ('{first.text}')")
        calls = [asyncio.create_task(issuer.issue(key)) for key in of_a]
        for _ in range(3):
            told = await asyncio.gather(*map(issuer.issue, of_b))
        assert told == [f"b-{year()}-00{number}" for number in (1, 2, 3)]
        await told_why(issuer, of_a[0], "its sequence is held by another transaction")

    assert sorted(await asyncio.gather(*calls)) == [f"a-{year()}-00{n}" for n in (2, 3, 4)]


async def test_more_scopes_are_held_than_there_are_lanes(
    table: Drafts, issuer: Issuer[str], invoices: Numbering, conn: asyncpg.Connection
) -> None:
    keys = {tenant: table.add(tenant=tenant) for tenant in "abcdefg"}
    async with conn.transaction():
        for tenant in "abcdef":
            held = await invoices.next(conn, tenant=tenant)
            await conn.execute(f"INSERT INTO {table.name} (number) VALUES ('{held.text}')")
        calls = [asyncio.create_task(issuer.issue(keys[tenant])) for tenant in "abcdef"]
        assert await issuer.issue(keys["g"]) == f"g-{year()}-001"

    assert await asyncio.gather(*calls) == [f"{tenant}-{year()}-002" for tenant in "abcdef"]


async def test_a_row_without_a_scope_harms_nobody(table: Drafts, issuer: Issuer[str]) -> None:
    keys = [table.add(tenant="a"), table.add(), table.add("drop", "a"), table.add(tenant="b")]

    told: list[Any] = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    assert [told[0], told[3]] == [f"a-{year()}-001", f"b-{year()}-001"]
    assert isinstance(told[1], InvalidRow)
    assert (told[1].key, told[1].problem) == (
        keys[1],
        "its tenant is NULL, so it has no tenant",
    )


async def test_the_scope_is_that_of_the_locked_row(
    table: Drafts, issuer: Issuer[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes after it was looked at, and before the row is locked."""
    key, lock, times = table.add(tenant="a"), _plans.lock_keys, []

    def moved(*arguments: Any) -> Generator[Any, Any, Any]:
        times.append(1)
        if len(times) == 1:
            table.run(f"UPDATE {table.name} SET tenant = 'b' WHERE id = {key}")
        return (yield from lock(*arguments))

    monkeypatch.setattr(_prepare, "lock_keys", moved)

    assert await issuer.issue(key) == f"b-{year()}-001"
    assert len(times) == 2
    names = table.run(f"SELECT name FROM aseq_sequence WHERE name LIKE '{table.name}%'")
    assert [name for (name,) in names] == [f"{table.name}/tenant=b/{year()}"]


async def test_what_was_issued_is_told_with_its_document(
    table: Drafts, invoices: Numbering, pool: asyncpg.Pool
) -> None:
    told: list[Issued] = []

    async def remember(_conn: object, issued: Sequence[Issued]) -> None:
        told.extend(issued)

    async with Issuer(
        pool, invoices.bind(tenant="x"), table.column, key="id", on_issued=remember
    ) as issuer:
        key = table.add()
        text = await issuer.issue(key)

    [issued] = told
    assert (issued.key, issued.number) == (key, text)
    assert issued.document is not None
    assert (issued.document.text, issued.document.number) == (text, 1)
    assert dict(issued.document.scope) == {"tenant": "x"}
