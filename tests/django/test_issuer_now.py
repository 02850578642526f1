"""`Issuer.issue_now`: one row, in sync code."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import psycopg
import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import IntegrityError, connections, transaction
from django.db.transaction import TransactionManagementError

from aseq import InvalidSequence, IssueTimeout, NotIssuable, RowRefused
from aseq.django import Issuer
from aseq.django.sync import get_next_value
from aseq.issuing import Issued
from tests.django.server import dsn
from tests.django.shop.models import Paper, Saved


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    for using in ("default", "sqlite"):
        Paper.objects.using(using).all().delete()
        Saved.objects.using(using).all().delete()


def paper(using: str, **values: str) -> int:
    """Save one."""
    return Paper.objects.using(using).create(**values).pk


def number(using: str, key: int) -> int | None:
    """What a row holds."""
    return Paper.objects.using(using).get(pk=key).number


def test_in_a_transaction_of_its_own(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)
    keys = [paper(using) for _ in range(3)]

    assert [issuer.issue_now(key) for key in keys] == [1, 2, 3]
    assert [issuer.issue_now(key) for key in keys] == [1, 2, 3]
    assert [number(using, key) for key in keys] == [1, 2, 3]
    assert not connections[using].in_atomic_block


def test_in_the_callers_block_the_number_is_the_blocks(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)
    with transaction.atomic(using=using):
        assert issuer.issue_now(paper(using)) == 1
        transaction.set_rollback(True, using=using)
    with transaction.atomic(using=using):
        key = paper(using)
        assert issuer.issue_now(key) == 1
    assert number(using, key) == 1


def test_the_callers_lock_timeout_stays(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '7s'")
        issuer.issue_now(paper("default"))
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("7s",)
        cursor.execute("SET LOCAL lock_timeout = 0")
        issuer.issue_now(paper("default"))
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_row_that_is_refused_takes_no_number(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)
    bad = paper(using, text="bad")
    with pytest.raises(IntegrityError):
        issuer.issue_now(bad)
    with pytest.raises(NotIssuable, match="isn't committed yet"):
        issuer.issue_now(-1)
    with transaction.atomic(using=using):
        with pytest.raises(IntegrityError):
            issuer.issue_now(bad)
        assert issuer.issue_now(paper(using)) == 1


def test_a_trigger_that_drops_the_number(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    key = paper("default")
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION nothing() RETURNS trigger AS 'BEGIN RETURN NULL; END' "
            'LANGUAGE plpgsql; CREATE TRIGGER nothing BEFORE UPDATE ON "Shop\'s papers" '
            "FOR EACH ROW EXECUTE FUNCTION nothing()"
        )
    try:
        with pytest.raises(RowRefused):
            issuer.issue_now(key)
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP FUNCTION nothing CASCADE")
    assert issuer.issue_now(key) == 1


def test_a_locked_row_holds_no_sequence(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    locked, free = paper("default"), paper("default")
    told: list[object] = []
    timed_out, done = threading.Event(), threading.Event()

    def ask() -> None:
        try:
            with transaction.atomic():
                try:
                    issuer.issue_now(locked, timeout=0.2)
                except IssueTimeout as exc:
                    told.append(exc)
                timed_out.set()
                done.wait()  # the block is still open
        finally:
            connections.close_all()

    with psycopg.connect(dsn()) as other:
        other.execute('SELECT FROM "Shop\'s papers" WHERE id = %s FOR UPDATE', [locked])
        thread = threading.Thread(target=ask)
        thread.start()
        try:
            timed_out.wait()
            assert issuer.issue_now(free, timeout=5) == 1
        finally:
            done.set()
            thread.join()
    [error] = told
    assert "its row is locked by another transaction" in str(error)
    assert issuer.issue_now(locked) == 2


def test_a_sequence_that_is_held(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)
    key = paper(using)
    told: list[str] = []

    def ask() -> None:
        connections[using].settings_dict["OPTIONS"] = {
            **connections[using].settings_dict["OPTIONS"],
            **({"timeout": 0.1} if using == "sqlite" else {}),
        }
        try:
            issuer.issue_now(key, timeout=0.2)
        except IssueTimeout as exc:
            told.append(str(exc))
        finally:
            connections.close_all()

    with transaction.atomic(using=using):
        get_next_value(name, using=using)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert "its sequence is held by another transaction" in told[0]
    assert issuer.issue_now(key) == 2


def test_threads_share_a_sequence_without_a_gap(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using, timeout=60)
    keys = [paper(using) for _ in range(24)]
    told: list[int] = []

    def ask(mine: list[int]) -> None:
        told.extend(issuer.issue_now(key) for key in mine)
        connections.close_all()

    threads = [threading.Thread(target=ask, args=[keys[i::4]]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == list(range(1, 25))


def test_hooks(name: str, using: str) -> None:
    begun: list[bool] = []

    def write(issued: Sequence[Issued]) -> None:
        for each in issued:
            Saved.objects.using(using).create(name=name, number=each.number)
            if each.key == spoilt:
                transaction.set_rollback(True, using=using)

    issuer = Issuer(
        Paper,
        "number",
        name,
        on_begin=lambda: begun.append(connections[using].in_atomic_block),
        on_issued=write,
        using=using,
    )
    spoilt, good = paper(using), paper(using)
    with pytest.raises(TransactionManagementError, match="a hook of the issuer's"):
        issuer.issue_now(spoilt)
    assert number(using, spoilt) is None
    assert issuer.issue_now(good) == 1
    assert begun == [True, True]
    saved = Saved.objects.using(using).filter(name=name)
    assert list(saved.values_list("number", flat=True)) == [1]


def test_on_the_event_loop_it_is_refused(name: str) -> None:
    issuer = Issuer(Paper, "number", name)

    async def ask() -> None:
        with pytest.raises(SynchronousOnlyOperation):
            issuer.issue_now(1)

    asyncio.run(ask())


def test_arguments(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    with pytest.raises(InvalidSequence):
        issuer.issue_now(None)
    with pytest.raises(InvalidSequence):
        issuer.issue_now(1, timeout=0)
