"""`number_rows` with a ledger: the number and its row in the ledger, together or not at all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from aseq import (
    AsyncSequence,
    InvalidRow,
    InvalidSequence,
    LedgerConflict,
    LedgerTableMissing,
    is_retryable,
)
from aseq.issuing import NumberedRows, number_rows
from aseq.ledger import Ledger
from aseq.numbering import Numbering
from tests import clients
from tests.clients import Client
from tests.database import Database
from tests.hooked import hooked
from tests.issuing.drafts import Drafts, connected, of
from tests.ledger.series import JUNE, rows, yearly

SOME = pytest.mark.only(
    client=(
        clients.AsyncpgPool,
        clients.SessionPsycopg,
        clients.SessionAiosqlite,
        clients.SessionAsyncmy,
        clients.SyncSqlite3Legacy,
    )
)
ONE = pytest.mark.only(client=clients.PsycopgBlock)

PER_TENANT: dict[str, Any] = {"key": "id", "scope": {"tenant": "tenant"}, "at_from": "day"}


async def number(client: Client, what: Any, column: str, **options: Any) -> NumberedRows:
    async with client.transaction():
        return await number_rows(client.conn, what, column, **{"key": "id", **options})


@SOME
async def test_each_number_is_in_the_ledger(
    database: Database, ledger: Ledger, name: str
) -> None:
    drafts = Drafts(database, name)
    numbers = yearly(name, "{tenant}-{year}-{number:03}", scope=["tenant"])
    drafts.add(
        *((1, "a", "2026-01-01"), (2, "b", "2026-01-01"), (3, "a", "2025-05-05")),
        columns="id, tenant, day",
    )
    async with connected(database) as client:
        done = await number(
            *(client, numbers, of(drafts.table, "code")),
            **{**PER_TENANT, "ledger": ledger, "by": "ann", "note": "100%"},
        )
        with suppress(ZeroDivisionError):
            async with client.transaction():
                await ledger.issue(client.conn, numbers, tenant="a", at=JUNE)
                raise ZeroDivisionError
        async with client.transaction():
            issued = await ledger.issue(client.conn, numbers, tenant="a", at=JUNE)
    assert (done.count, done.repeated) == (3, 0)
    assert issued.text == "a-2026-002"
    columns = "series, sequence, number, text, document_key, issued_by, note"
    assert rows(database, ledger, name, columns)[::2] == [
        (
            *(f"{name}/tenant=a", f"{name}/tenant=a/2025", 1, "a-2025-001"),
            *(f"{drafts.table}/3", "ann", "100%"),
        ),
        (f"{name}/tenant=a", f"{name}/tenant=a/2026", 2, "a-2026-002", None, None, None),
    ]
    assert drafts.column("code") == ["a-2026-001", "b-2026-001", "a-2025-001"]


@SOME
async def test_a_row_gets_the_number_that_the_ledger_has_for_it(
    database: Database, ledger: Ledger, name: str
) -> None:
    """It was lost from the row. Nothing is drawn for it; the others get the next."""
    drafts, seq = Drafts(database, name), AsyncSequence(name, 0, step=-1)
    drafts.count(3)
    async with connected(database) as client:
        first = await number(client, seq, of(drafts.table), ledger=ledger)
        database.run(f"UPDATE {drafts.table} SET number = NULL WHERE id < 3")
        drafts.add((4,))
        with hooked() as told:
            again = await number(client, seq, of(drafts.table), ledger=ledger, order_by="-id")
            database.run(f"UPDATE {drafts.table} SET number = NULL")
            last = await number(client, seq, of(drafts.table), ledger=ledger, limit=2)
    assert [(each.count, each.repeated) for each in (first, again, last)] == [
        *((3, 0), (3, 2), (2, 2)),
    ]
    assert [each.count for each in told] == [1, 0]
    assert drafts.column() == [0, -1, None, None]
    assert len(rows(database, ledger, name, "number")) == 4
    assert database.last(name) == -3


@SOME
async def test_two_tables_of_one_series(database: Database, ledger: Ledger, name: str) -> None:
    """Row 1 of one isn't row 1 of the other, nor the key "1" of a request."""
    seq, one, other = AsyncSequence(name), Drafts(database, name), Drafts(database, f"{name}x")
    one.count(1)
    other.count(1)
    async with connected(database) as client:
        async with client.transaction():
            await ledger.issue(client.conn, seq, key="1")
        for drafts in (one, other):
            await number(client, seq, of(drafts.table), ledger=ledger)
        async with client.transaction():
            assert await ledger.issue(client.conn, seq, key=f"{one.table}/1") == 2
    assert one.column() + other.column() == [2, 3]


@SOME
async def test_a_number_that_is_void(database: Database, ledger: Ledger, name: str) -> None:
    drafts = Drafts(database, name)
    numbers = Numbering(name, "{tenant}-{number}", scope=["tenant"])
    drafts.add((1, "a"), (2, "a"), columns="id, tenant")
    options: dict[str, Any] = {"scope": {"tenant": "tenant"}, "ledger": ledger}
    async with connected(database) as client:
        await number(client, numbers, of(drafts.table, "code"), **options)
        async with client.transaction():
            await ledger.void(client.conn, numbers.parse("a-1"), reason="x")
        database.run(f"UPDATE {drafts.table} SET code = NULL")
        async with client.transaction():
            with pytest.raises(InvalidRow) as caught:
                await number_rows(
                    *(client.conn, numbers, of(drafts.table, "code")), key="id", **options
                )
            done = await number_rows(
                *(client.conn, numbers, of(drafts.table, "code")),
                **{"key": "id", "where": "id > 1", **options},
            )
    assert str(caught.value).startswith(
        f"row 1 of {drafts.table} can't be numbered: the ledger has the number 'a-1' for it, "
        "which is void."
    )
    assert (done.count, done.repeated) == (1, 1)
    assert drafts.column("code") == [None, "a-2"]


@SOME
async def test_a_number_that_is_there(database: Database, ledger: Ledger, name: str) -> None:
    drafts, seq = Drafts(database, name), AsyncSequence(name)
    drafts.count(2)
    async with connected(database) as client:
        async with client.transaction():
            await ledger.issue(client.conn, seq)
        async with client.transaction():
            await seq.delete(client.conn)
        with pytest.raises(LedgerConflict, match="its next number is in the ledger") as caught:
            await number(client, seq, of(drafts.table), ledger=ledger)
    assert not is_retryable(caught.value)
    assert drafts.column() == [None, None]
    assert database.last(name) is None


@ONE
async def test_without_its_table(database: Database, name: str) -> None:
    drafts = Drafts(database, name)
    drafts.count(1)
    async with connected(database) as client:
        with pytest.raises(LedgerTableMissing):
            await number(
                client, AsyncSequence(name), of(drafts.table), ledger=Ledger("ledger_nowhere")
            )
    assert drafts.column() == [None]


@ONE
async def test_a_key_that_is_too_long(database: Database, ledger: Ledger, name: str) -> None:
    drafts = Drafts(database, name, "note text, number bigint")
    drafts.add((1, "k" * 200), columns="id, note")
    async with connected(database) as client, client.transaction():
        with pytest.raises(InvalidRow, match="its key is longer than the 200 characters"):
            await number_rows(
                *(client.conn, AsyncSequence(name), of(drafts.table)), key="note", ledger=ledger
            )


@pytest.mark.only(client=clients.AiosqliteLegacy)
async def test_keys_that_sqlite_tells_apart(
    database: Database, ledger: Ledger, name: str
) -> None:
    drafts = Drafts(database, name, "k, number")
    drafts.add((1, 7), (2, "7"), columns="id, k")
    async with connected(database) as client:
        for _ in "ab":
            await number(
                *(client, AsyncSequence(name), of(drafts.table)),
                key="k",
                limit=1,
                ledger=ledger,
            )
    assert sorted(drafts.column()) == [1, 2]
    keys = rows(database, ledger, name, "document_key")
    assert sorted(keys) == sorted([(f"{drafts.table}/7",), (f'{drafts.table}/"7"',)])


@ONE
@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("ledger must be an aseq.ledger.Ledger, not 'aseq_ledger'", {"ledger": "aseq_ledger"}),
        ("ledger must be an aseq.ledger.Ledger, not <class", {"ledger": Ledger}),
        ("by is for a ledger: pass one, as ledger=Ledger", {"by": "ann"}),
        ("note is for a ledger", {"note": "x"}),
        ("by must have at most 100 characters", {"ledger": Ledger(), "by": "b" * 101}),
    ],
)
async def test_bad_input_sends_nothing(
    message: str, options: dict[str, Any], database: Database, name: str
) -> None:
    async with connected(database) as client, client.transaction():
        with pytest.raises(InvalidSequence, match=message):
            await number_rows(client.conn, AsyncSequence(name), "nowhere.n", key="i", **options)
        with pytest.raises(InvalidSequence, match="those of a sequence that loops come again"):
            await number_rows(
                client.conn, AsyncSequence(name, 1, 3), "nowhere.n", key="i", ledger=Ledger()
            )
        assert await client.scalar("SELECT 1") == 1
