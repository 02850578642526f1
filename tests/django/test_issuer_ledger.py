"""`aseq.django.Issuer` with a ledger, awaited and not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction

from aseq import AsyncSequence, InvalidRow, InvalidSequence, LedgerConflict
from aseq.django import Issuer, Sequence, aatomic
from aseq.ledger import Ledger, create_ledger_sql
from tests.django.shop.models import Paper

TABLE = Paper._meta.db_table


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    for using in ("default", "sqlite"):
        Paper.objects.using(using).all().delete()


@pytest.fixture
def ledger(using: str, name: str) -> Iterator[Ledger]:
    """A ledger of the test's own."""
    ledger = Ledger(name.replace("-", "_"))
    dialect: Any = "postgresql" if using == "default" else "sqlite"
    execute(using, create_ledger_sql(dialect, ledger.table))
    yield ledger
    execute(using, f"DROP TABLE {ledger.table}")


def execute(using: str, sql: str) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def noted(using: str, ledger: Ledger) -> list[tuple[str, int]]:
    sql = f"SELECT document_key, number FROM {ledger.table} ORDER BY number"
    return [(key, number) for key, number in execute(using, sql)]


async def test_issue(name: str, using: str, ledger: Ledger) -> None:
    issuer = Issuer(Paper, "number", name, using=using, ledger=ledger, by="api")
    rows = [await Paper.objects.using(using).acreate() for _ in range(6)]
    bad = await Paper.objects.using(using).acreate(text="bad")
    void = await Paper.objects.using(using).acreate()
    assert await issuer.issue(void.pk) == 1
    await Paper.objects.using(using).filter(pk=void.pk).aupdate(number=None)
    async with aatomic(using) as tx:
        await ledger.void(tx, 1, of=AsyncSequence(name), reason="x")

    keys = [row.pk for row in (*rows[:3], bad, void, *rows[3:])]
    told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    assert sorted(each for each in told if isinstance(each, int)) == [2, 3, 4, 5, 6, 7]
    assert isinstance(told[4], InvalidRow)
    issued = {key: each for key, each in zip(keys, told, strict=True) if isinstance(each, int)}
    assert set(await sync_to_async(noted)(using, ledger)) == {
        (f"{TABLE}/{key}", number) for key, number in {void.pk: 1, **issued}.items()
    }
    await sync_to_async(connections.close_all)()


def test_issue_now(name: str, using: str, ledger: Ledger) -> None:
    issuer = Issuer(Paper, "number", name, using=using, ledger=ledger)
    rows = [Paper.objects.using(using).create() for _ in range(3)]
    assert issuer.issue_now(rows[0].pk) == 1
    Paper.objects.using(using).update(number=None)
    with transaction.atomic(using=using):
        assert [issuer.issue_now(row.pk) for row in reversed(rows)] == [2, 3, 1]
        transaction.set_rollback(True, using=using)
    assert noted(using, ledger) == [(f"{TABLE}/{rows[0].pk}", 1)]
    execute(using, f"UPDATE aseq_sequence SET last = 0 WHERE name = '{name}'")
    with pytest.raises(LedgerConflict, match="its next number is in the ledger"):
        issuer.issue_now(rows[1].pk)
    assert len(noted(using, ledger)) == 1


def test_a_sequence_that_loops() -> None:
    with pytest.raises(InvalidSequence, match="those of a sequence that loops come again"):
        Issuer(Paper, "number", Sequence("x", 1, 3), ledger=Ledger())
