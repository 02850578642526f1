"""Issuing and making void, on every kind of connection."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

import pytest

from aseq import (
    AsyncSequence,
    InvalidSequence,
    LedgerConflict,
    LedgerTableMissing,
    NotInLedger,
)
from aseq.ledger import Ledger
from aseq.numbering import Numbering
from tests import clients
from tests.database import Database
from tests.hooked import hooked
from tests.ledger.series import JUNE, NEXT_JUNE, rows, yearly

pytestmark = pytest.mark.only(dialect=("mariadb", "mysql", "postgresql", "sqlite"))


async def test_a_number_and_its_row(database: Database, ledger: Ledger, name: str) -> None:
    numbers = yearly(name, scope=["tenant"])
    async with database.connect() as client, client.transaction():
        issued = await ledger.issue(
            client.conn, numbers, key="order 7", by="ann", note="100%", tenant="a/b", at=JUNE
        )
    assert (issued.text, issued.number, issued.at) == ("INV-2026-00001", 1, JUNE)
    columns = "series, sequence, number, text, document_key, issued_by, note, state"
    assert rows(database, ledger, name, columns) == [
        (
            f"{name}/tenant=a%2Fb",
            f"{name}/tenant=a%2Fb/2026",
            1,
            "INV-2026-00001",
            "order 7",
            "ann",
            "100%",
            "issued",
        )
    ]


async def test_hooks_are_told_of_new_numbers(
    database: Database, ledger: Ledger, name: str
) -> None:
    numbers = yearly(name, scope=["tenant"])
    with hooked() as told:
        async with database.connect() as client, client.transaction():
            for key in ("a", "a", None):
                await ledger.issue(client.conn, numbers, key=key, tenant=1)
    assert [(each.sequences, each.count) for each in told] == [
        ((name,), count) for count in (1, 0, 1)
    ]


async def test_the_same_key_gets_the_same_number(
    database: Database, ledger: Ledger, name: str
) -> None:
    """After New Year, too; in another scope it is another key."""
    numbers = yearly(name, scope=["tenant"])
    async with database.connect() as client:
        issued = []
        for at, tenant, key in (
            (JUNE, 1, "a"),
            (NEXT_JUNE, 1, "a"),
            (None, 1, "a"),
            (JUNE, 2, "a"),
            (NEXT_JUNE, 1, "b"),
            (JUNE, 1, None),
            (JUNE, 1, None),
        ):
            async with client.transaction():
                issued.append(
                    await ledger.issue(client.conn, numbers, key=key, at=at, tenant=tenant)
                )
    first, again, now, other, later, *without = issued
    assert (again, now) == (first, first)
    assert (first.number, first.at, first.period) == (1, JUNE, "2026")
    assert (other.number, later.number, later.text) == (1, 1, "INV-2027-00001")
    assert [each.number for each in without] == [2, 3]
    assert len(rows(database, ledger, name, "number")) == 5
    assert database.last(f"{name}/tenant=1/2026") == 3


@pytest.mark.only(client=(clients.Asyncpg, clients.SyncSessionPsycopg2, clients.Aiosqlite))
async def test_a_plain_sequence(database: Database, ledger: Ledger, name: str) -> None:
    seq = AsyncSequence(name, 5, step=-5)
    async with database.connect() as client, client.transaction():
        drawn = [await ledger.issue(client.conn, seq, key=key) for key in ("a", "b", "a", "c")]
    assert drawn == [5, 0, 5, -5]
    assert rows(database, ledger, name, "series, number, text") == [
        (name, -5, "-5"),
        (name, 0, "0"),
        (name, 5, "5"),
    ]


async def test_a_rollback_takes_both_back(
    database: Database, ledger: Ledger, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        with suppress(ZeroDivisionError):
            async with client.transaction():
                await ledger.issue(client.conn, seq, key="a")
                raise ZeroDivisionError
        async with client.transaction():
            assert await ledger.issue(client.conn, seq, key="b") == 1
    assert rows(database, ledger, name, "number, document_key") == [(1, "b")]


async def test_texts_and_moments_are_those_that_the_caller_gets(
    database: Database, ledger: Ledger, name: str
) -> None:
    """Printed by the server, or by Python if there is a check digit."""

    def check(digits: str) -> str:
        return str(int(digits) % 7)

    kinds = (
        yearly(f"{name}-a", "{year}{month}{day}{{%s}}{number:03}/x"),
        yearly(f"{name}-b", "{year}-{number:03}-{check}", check=check),
        Numbering(f"{name}-c", "{number:04}", initial_value=1, step=-2),
        Numbering(f"{name}-d", "{number}:{place}", initial_value=9_999),
    )
    async with database.connect() as client:
        for numbers in kinds:
            scope: dict[str, Any] = {"place": "$1 %s :x ü"} if numbers.scopes else {}
            async with client.transaction():
                issued = [
                    await ledger.issue(client.conn, numbers, key=key, **scope)
                    for key in (None, "k", "k")
                ]
            assert issued[1] == issued[2]
            found = rows(database, ledger, numbers.name, "text, at, issued_at")
            if numbers.step < 0:
                found.reverse()
            assert [text for text, *_ in found] == [each.text for each in issued[:2]]
            for (_, *moments), each in zip(found, issued[:2], strict=True):
                assert [moment_of(at) for at in moments] == [each.at] * 2


def moment_of(value: Any) -> dt.datetime:
    """A moment as the database has it: SQLite's are texts in UTC, MariaDB's know no zone."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    assert isinstance(value, dt.datetime)
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


async def test_void(database: Database, ledger: Ledger, name: str) -> None:
    numbers = yearly(name, scope=["tenant"]).bind(tenant=1)
    seq = AsyncSequence(f"{name}-plain")
    async with database.connect() as client:
        async with client.transaction():
            issued = [await ledger.issue(client.conn, numbers, at=JUNE) for _ in range(3)]
            await ledger.issue(client.conn, seq)
        async with client.transaction():
            assert await ledger.void(client.conn, issued[0], reason="wrong", by="ann")
            text = issued[1].text
            assert await ledger.void(client.conn, text, of=numbers, reason="it's ü %s")
            assert not await ledger.void(client.conn, numbers.parse(text), reason="it's ü %s")
            assert await ledger.void(client.conn, 1, of=seq, reason="x")
        async with client.transaction():
            with pytest.raises(
                LedgerConflict, match="for another reason, which stays: 'wrong'"
            ):
                await ledger.void(client.conn, issued[0], reason="other")
            with pytest.raises(NotInLedger, match="number 'INV-2026-00009' of sequence"):
                await ledger.void(client.conn, "INV-2026-00009", of=numbers, reason="x")
            assert (await ledger.issue(client.conn, numbers, at=JUNE)).number == 4
    columns = "number, state, void_reason, voided_by"
    assert rows(database, ledger, f"{name}-plain", columns) == [(1, "void", "x", None)]
    assert rows(database, ledger, f"{name}/", columns) == [
        (1, "void", "wrong", "ann"),
        (2, "void", "it's ü %s", None),
        (3, "issued", None, None),
        (4, "issued", None, None),
    ]


async def test_without_its_table(database: Database, name: str) -> None:
    nowhere = Ledger("ledger_nowhere")
    message = "the ledger's table 'ledger_nowhere' doesn't exist"
    async with database.connect() as client:
        for key in (None, "a"):
            with pytest.raises(LedgerTableMissing, match=message):
                async with client.transaction():
                    await nowhere.issue(client.conn, AsyncSequence(name), key=key)
        assert database.last(name) is None


async def test_a_counter_that_was_set_back(
    database: Database, ledger: Ledger, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await ledger.issue(client.conn, seq)
        async with client.transaction():
            await seq.delete(client.conn)
        with pytest.raises(LedgerConflict, match="its next number is in the ledger"):
            async with client.transaction():
                await ledger.issue(client.conn, seq, key="a")
    assert database.last(name) is None


@pytest.mark.only(client=(clients.Asyncpg, clients.SyncSqlite3))
async def test_bad_input_sends_nothing(database: Database, ledger: Ledger, name: str) -> None:
    seq, numbers = AsyncSequence(name), yearly(name, scope=["tenant"])
    issue: list[tuple[str, object, dict[str, Any]]] = [
        ("key must have at most 200 characters: this one has 201", seq, {"key": "k" * 201}),
        ("key must not be empty", seq, {"key": " "}),
        ("key must be a str, not int", seq, {"key": 7}),
        ("by must have at most 100 characters", seq, {"by": "b" * 101}),
        ("note must not contain a NUL", seq, {"note": "\0"}),
        ("tenant is missing", numbers, {}),
        ("tenant is for a Numbering", seq, {"tenant": 1}),
        ("sequence loops", AsyncSequence(name, 1, 3), {}),
        ("at must have a time zone", seq, {"at": dt.datetime(2026, 1, 1)}),
        ("sequences has 'invoices'", "invoices", {}),
        ("timeout must be positive", seq, {"timeout": 0}),
    ]
    void: list[tuple[str, Any, dict[str, Any]]] = [
        ("reason must not be empty", 1, {"of": seq, "reason": ""}),
        ("number must be a DocumentNumber", 1, {"reason": "x"}),
        ("number must be a DocumentNumber", True, {"of": seq, "reason": "x"}),
        ("text 'INV' can't be read", "INV", {"of": numbers, "reason": "x"}),
        ("of must be bound", "INV-2026-00001", {"of": numbers, "reason": "x"}),
    ]
    async with database.connect() as client, client.transaction():
        for message, what, options in issue:
            with pytest.raises(InvalidSequence, match=message):
                await ledger.issue(client.conn, what, **options)  # type: ignore[arg-type]
        for message, number, options in void:
            with pytest.raises(InvalidSequence, match=message):
                await ledger.void(client.conn, number, **options)
        assert await ledger.issue(client.conn, seq) == 1
