"""On MariaDB and MySQL: whatever a session has set, no number is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import asyncmy
import pytest

from aseq import AsyncSequence, AuditRefused, UnsupportedConnection, allocate, holders
from aseq.audit import audit
from aseq.issuing import Issuer, number_rows
from aseq.ledger import Ledger
from aseq.numbering import Numbering
from tests import clients
from tests.clients import Client
from tests.clients.mysql import where
from tests.database import Database

from .drafts import Drafts, connected, of

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"}, client=clients.Asyncmy)

HARMLESS = [
    "collation_connection = utf8mb4_bin",
    "sql_safe_updates = 1, sql_auto_is_null = 1",
    "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES', group_concat_max_len = 4",
    "sql_mode = '', time_zone = '+13:00'",
    "autocommit = 0, completion_type = 'CHAIN'",
]
ON_MARIADB = ["sql_mode = 'ORACLE'"]
"""A MySQL has no such mode."""

PADDED = "sql_mode = 'STRICT_TRANS_TABLES,PAD_CHAR_TO_FULL_LENGTH'"
EMPTY = "sql_mode = 'STRICT_TRANS_TABLES,EMPTY_STRING_IS_NULL'"
CUT, SHORT = "sql_select_limit = 1", "max_sort_length = 64"
REFUSED = {
    PADDED: "PAD_CHAR_TO_FULL_LENGTH, with which a CHAR has blanks that aren't stored",
    EMPTY: "EMPTY_STRING_IS_NULL, with which '' is NULL wherever a statement has it",
    SHORT: "max_sort_length 64, with which scopes that only begin alike are one",
    CUT: "sql_select_limit 1, with which answers are cut short: SET SESSION sql_select_limit",
}

DRAWN = [1, 2, 1, 1, 2, 2, 3, 4, 5, 7, 8]


class Office:
    """All verbs, on one connection."""

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self.numbers = AsyncSequence(name)
        self.loop = AsyncSequence(f"{name}-loop", reset_value=3)
        self.dated = Numbering(f"{name}-dated", "{year}-{number}", period="year", tz="UTC")
        self.invoices = Numbering(f"{name}-inv", "{tenant}-{number}")
        columns = "tenant char(30), number bigint UNIQUE, code varchar(50), note text"
        self.drafts = Drafts(database, name, f"{columns}, KEY (note(9))")
        self.ledger = Ledger(f"{self.drafts.table}_l")
        rows = [(key, f"t{key % 2}", "n" * 60 + str(key)) for key in range(1, 5)]
        self.drafts.add(*rows, columns="id, tenant, note")

    async def draw(self, conn: Any) -> Sequence[object]:
        """What reads no table of the caller's."""
        numbers, ledger = self.numbers, self.ledger
        looped = [await self.loop.next_value(conn) for _ in range(3)]
        drawn = await allocate(conn, {numbers: 2, self.dated: 1})
        document = await self.dated.next(conn)
        issued = [await ledger.issue(conn, numbers, key="it's \\", note="x")]
        issued += (await ledger.issue_many(conn, numbers, keys=["b", "a"])).values()
        again = await ledger.issue_many(conn, numbers, keys=["it's \\", "b", "a"])
        assert await ledger.void(conn, issued[0], of=numbers, reason="why")
        later = await numbers.advance_to(conn, 7), await numbers.next_value(conn, nowait=True)
        assert [*again.values()] == issued
        return [*looped, *drawn[numbers], document.number, *issued, *later]

    async def holds(self, conn: Any) -> None:
        """Wait until the server tells that the connection holds both."""
        wanted = {self.numbers.name, self.loop.name}
        with anyio.fail_after(20):
            while wanted > await self._told(conn):  # noqa: ASYNC110  # only who asks is told
                await anyio.sleep(0.05)

    async def _told(self, conn: Any) -> set[str]:
        told = await holders(conn, self.numbers, self.loop)
        return {who.sequence for who in told if who.own}

    async def number(self, conn: Any) -> Sequence[int]:
        """How many rows got numbers, by the scopes."""
        done = await number_rows(
            *(conn, self.invoices, of(self.drafts.table, "code")),
            key="id",
            scope={"tenant": "tenant"},
            order_by="-note",
        )
        return [each.count for each in done.by_counter.values()]

    async def issue(self, setting: str) -> Sequence[int]:
        """The numbers that an issuer gives, on connections that have it set."""
        url = where(self.database.url)
        async with asyncmy.create_pool(**url, init_command=f"SET SESSION {setting}") as pool:
            column = of(self.drafts.table)
            async with Issuer(pool, self.numbers, column, key="id") as issuer:
                return [await issuer.issue(key) for key in (2, 1)]

    async def audit(self, conn: Any) -> Sequence[object]:
        """What is told of the rows with numbers of tenants."""
        found = await audit(conn, of(self.drafts.table, "code"), self.invoices)
        return [(each.rows, each.counter, each.totals.missing) for each in found.series]


@asynccontextmanager
async def working(database: Database, name: str, setting: str) -> AsyncIterator[Any]:
    """All verbs, and a connection that has it set; the ledger is made under it, too."""
    office = Office(database, name)
    async with connected(database) as client:
        await client.execute(f"SET SESSION {setting}")
        await office.ledger.create_table(client.conn)
        await office.ledger.create_guard(client.conn)
        await client.conn.rollback()
        yield office, client
        await client.conn.rollback()
        await office.ledger.drop_guard(client.conn)
        await office.ledger.drop_table(client.conn)


@asynccontextmanager
async def begun(client: Client) -> AsyncIterator[None]:
    """A transaction. (In MariaDB's ORACLE mode, BEGIN, as a driver has it, begins a block.)"""
    await client.execute("START TRANSACTION")
    yield
    await client.conn.commit()


@pytest.mark.parametrize("setting", [*HARMLESS, *ON_MARIADB])
async def test_all_works(database: Database, name: str, setting: str) -> None:
    if setting in ON_MARIADB and database.case.dialect == "mysql":
        pytest.skip("MySQL has no such mode")
    async with working(database, name, setting) as (office, client):
        async with begun(client):
            drawn = await office.draw(client.conn)
            await office.holds(client.conn)
            counts = await office.number(client.conn)
        told = await office.issue(setting)
        found = await office.audit(client.conn)

    assert drawn == DRAWN
    assert (counts, told, found) == ([2, 2], [9, 10], [(2, 2, 0)] * 2)
    # The notes differ at their ends alone, and go down.
    assert office.drafts.column("code") == ["t1-2", "t0-2", "t1-1", "t0-1"]


@pytest.mark.parametrize("setting", REFUSED)
async def test_the_callers_rows_would_be_misread(
    database: Database, name: str, setting: str
) -> None:
    """Refused before anything is drawn. What reads nothing of theirs works."""
    if setting == EMPTY and database.case.dialect == "mysql":
        pytest.skip("MySQL has no such mode")
    async with working(database, name, setting) as (office, client):
        async with begun(client):
            drawn = await office.draw(client.conn)
            await office.holds(client.conn)
            with pytest.raises(UnsupportedConnection) as not_numbered:
                await office.number(client.conn)
        with pytest.raises(UnsupportedConnection) as not_issued:
            await office.issue(setting)
        with pytest.raises(AuditRefused) as not_audited:
            await office.audit(client.conn)

    assert drawn == DRAWN
    for error in (not_numbered, not_issued, not_audited):
        assert REFUSED[setting] in str(error.value)
    assert office.drafts.column("code") == [None] * 4
