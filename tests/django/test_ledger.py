"""`aseq.django.Ledger` and `aseq.django.sync.Ledger`: twins on Django's own connections."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.test.utils import override_settings

import aseq.django
from aseq import InvalidSequence, LedgerTableMissing
from aseq.django import aatomic, sync
from aseq.django.errors import NotInTransaction
from aseq.django.operations import CreateLedgerTable

METHODS = ["issue", "issue_many", "void"]
JUNE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.fixture
def table(using: str, name: str) -> Iterator[str]:
    """The table of a ledger, with its guard."""
    table = name.replace("-", "_")
    operation: Any = CreateLedgerTable(table)
    with connections[using].schema_editor() as editor:
        operation.database_forwards("shop", editor, None, None)
    yield table
    with connections[using].schema_editor() as editor:
        operation.database_backwards("shop", editor, None, None)


def calls(
    what: Any, name: str, using: str
) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """What is asked, one after the other; `what` is `aseq.django` or its twin."""
    seq = what.Sequence(name, using=using)
    numbers = what.Numbering(
        f"{name}-n", "{tenant}/{year}-{number}", period="year", tz="UTC", using=using
    )
    options = {"tenant": 7, "at": JUNE}
    return [
        ("issue", (seq,), {}),
        ("issue", (seq,), {"key": "a", "by": "ann", "note": "%s", "timeout": 5}),
        ("issue", (seq,), {"key": "a", "nowait": True}),
        ("issue_many", (seq,), {"keys": ["b", "a", "c"]}),
        ("issue_many", (seq,), {"keys": []}),
        ("issue", (numbers,), {"key": "x", **options}),
        ("issue_many", (numbers.bind(tenant=7),), {"keys": ["x", "y"], "at": JUNE}),
        ("void", (3,), {"of": seq, "reason": "wrong", "by": "ann"}),
        ("void", (3,), {"of": seq, "reason": "wrong"}),
        ("void", (3,), {"of": seq, "reason": "other"}),
        ("void", (9,), {"of": seq, "reason": "x"}),
        ("void", ("7/2026-2",), {"of": numbers, "reason": "x"}),
        ("issue", (what.Sequence(name, 1, 5, using=using),), {}),
        ("issue", (seq,), {"key": 7}),
        ("issue_many", (seq,), {"keys": "abc"}),
        ("void", (1,), {"of": seq, "reason": ""}),
        ("issue", (numbers,), {}),
    ]


def told(answer: object) -> object:
    """An answer as both give it: an error by its class and its text."""
    if isinstance(answer, dict):
        return [(key, str(value)) for key, value in answer.items()]
    return str(answer) if not isinstance(answer, Exception) else (type(answer), str(answer))


def in_sync_code(ledger: sync.Ledger, name: str, using: str) -> list[object]:
    answers = list[object]()
    with transaction.atomic(using=using):
        for method, args, options in calls(sync, name, using):
            try:
                answers.append(told(getattr(ledger, method)(*args, **options)))
            except Exception as exc:
                answers.append(told(exc))
        transaction.set_rollback(True, using=using)
    return answers


async def awaited(ledger: aseq.django.Ledger, name: str, using: str) -> list[object]:
    answers = list[object]()
    async with aatomic(using):
        for method, args, options in calls(aseq.django, name, using):
            try:
                answers.append(told(await getattr(ledger, method)(*args, **options)))
            except Exception as exc:
                answers.append(told(exc))
    return answers


def test_they_say_the_same(name: str, using: str, table: str) -> None:
    first = in_sync_code(sync.Ledger(table, using), name, using)
    assert async_to_sync(awaited)(aseq.django.Ledger(table), name, using) == first
    assert first[:9] == [
        *("1", "2", "2", [("b", "3"), ("a", "2"), ("c", "4")], []),
        *("7/2026-1", [("x", "7/2026-1"), ("y", "7/2026-2")], "True", "False"),
    ]
    assert [each[0].__name__ for each in first[9:] if isinstance(each, tuple)] == [
        *("LedgerConflict", "NotInLedger", *["InvalidSequence"] * 5),
    ]
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"SELECT sequence, number, document_key, state FROM {table} ORDER BY 1, 2"
        )
        rows = list(cursor.fetchall())
    assert rows == [
        *((name, 1, None, "issued"), (name, 2, "a", "issued")),
        *((name, 3, "b", "void"), (name, 4, "c", "issued")),
        (f"{name}-n/tenant=7/2026", 1, "x", "issued"),
        (f"{name}-n/tenant=7/2026", 2, "y", "void"),
    ]


@pytest.mark.parametrize("required", [True, False])
def test_outside_of_a_block(name: str, using: str, table: str, required: bool) -> None:
    """Two rows that belong together can't be committed one by one, whatever the settings."""

    async def late(ledger: aseq.django.Ledger) -> None:
        await ledger.issue(aseq.django.Sequence(name, using=using))

    with override_settings(ASEQ_REQUIRE_TRANSACTION=required):
        with pytest.raises(NotInTransaction, match=r"transaction\.atomic"):
            sync.Ledger(table).issue(sync.Sequence(name, using=using), key="a")
        with pytest.raises(NotInTransaction, match="aatomic"):
            async_to_sync(late)(aseq.django.Ledger(table))


def test_what_is_wrong(name: str, using: str) -> None:
    seq = sync.Sequence(name, using="default")
    with pytest.raises(InvalidSequence, match="using must be one database"):
        sync.Ledger(using="sqlite").issue(seq)
    with pytest.raises(LedgerTableMissing), transaction.atomic(using=using):
        sync.Ledger("ledger_nowhere", using).issue(sync.Sequence(name), key="a")


@pytest.mark.parametrize("name", METHODS)
def test_they_are_called_the_same(name: str) -> None:
    ours, twin = getattr(sync.Ledger, name), getattr(aseq.django.Ledger, name)
    assert inspect.signature(ours) == inspect.signature(twin)

    def arguments(method: object) -> str:
        return (inspect.getdoc(method) or "").partition("Args:")[2]

    assert arguments(ours)
    assert arguments(ours).replace("`transaction.atomic`", "") == arguments(twin)
