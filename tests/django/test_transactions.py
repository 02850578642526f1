"""When a draw is refused, and what is left of a transaction after an error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    connections,
    transaction,
)
from django.db.transaction import TransactionManagementError
from django.test.utils import override_settings

import aseq
from aseq import _tally
from aseq._tally import QueueCounter
from aseq.django import sync
from aseq.django.errors import NotInTransaction, SequenceLocked, SequenceTableMissing
from tests.django.autocommit import autocommit_off
from tests.django.shop.models import Saved
from tests.django.threads import elsewhere
from tests.logged import events

BIG = 2**63 - 1


def refusal(name: str, advice: str) -> str:
    return (
        f"sequence '{name}' isn't used inside a transaction, so the change would be "
        f"committed by itself and could leave a gap: {advice}"
    )


def test_outside_a_transaction_nothing_is_written(name: str, using: str) -> None:
    sequence = sync.Sequence(name, using=using)
    for write in (
        lambda: sequence.get_next_value(),
        lambda: sequence.get_next_values(2),
        lambda: sequence.advance_to(5),
        lambda: sequence.delete(),
        lambda: next(sequence),
    ):
        with pytest.raises(NotInTransaction) as caught:
            write()
        advice = f"use it inside `with transaction.atomic(using='{using}'):`"
        assert str(caught.value) == refusal(name, advice)
    assert sequence.get_last_value() is None


def test_a_block_on_another_database_doesnt_count(name: str, using: str) -> None:
    [other] = {"default", "sqlite"} - {using}
    with transaction.atomic(using=other), pytest.raises(aseq.NotInTransaction) as caught:
        sync.get_next_value(name, using=using)
    assert str(caught.value) == refusal(
        name,
        f"it is in database '{using}', but the open atomic block is on '{other}'; "
        f"use it inside `with transaction.atomic(using='{using}'):`",
    )


@override_settings(ASEQ_REQUIRE_TRANSACTION=False)
def test_the_setting_allows_it(name: str, using: str) -> None:
    assert sync.get_next_value(name, using=using) == 1
    assert sync.delete(name, using=using)


def test_autocommit_switched_off_is_a_transaction(name: str, using: str) -> None:
    with autocommit_off(using):
        assert sync.get_next_value(name, using=using) == 1
        transaction.commit(using=using)
        assert sync.get_next_value(name, using=using) == 2
    assert sync.get_last_value(name, using=using) == 1


def test_a_savepoint_that_sqlite_would_commit_is_refused(name: str) -> None:
    with (
        autocommit_off("sqlite"),
        transaction.atomic(using="sqlite"),
        pytest.raises(NotInTransaction) as caught,
    ):
        sync.get_next_value(name, using="sqlite")
    advice = (
        "on SQLite, an atomic block after `set_autocommit(False)` is a savepoint that "
        "commits by itself; turn autocommit on, or draw outside the block"
    )
    assert str(caught.value) == refusal(name, advice)


def test_very_many_names_are_logged(
    name: str, using: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tally, "QUEUED", QueueCounter(limit=3, transactions=10))
    for _ in range(2):
        with transaction.atomic(using=using):
            for number in range(6):
                with transaction.atomic(using=using):
                    sync.get_next_value(f"{name}-{number}", using=using)

    told = ["many_sequences"] * 2 if using == "default" else []
    assert events(caplog) == told


def test_a_rollback_gives_the_number_back(name: str, using: str) -> None:
    with transaction.atomic(using=using):
        assert sync.get_next_value(name, using=using) == 1
        transaction.set_rollback(True, using=using)
    with transaction.atomic(using=using):
        assert sync.get_next_value(name, using=using) == 1
        with pytest.raises(ZeroDivisionError), transaction.atomic(using=using):
            assert sync.get_next_value(name, using=using) == 2
            raise ZeroDivisionError
        assert sync.get_next_value(name, using=using) == 2
    assert sync.get_last_value(name, using=using) == 2


def test_after_a_database_error_the_block_can_only_be_rolled_back(
    name: str, using: str
) -> None:
    with transaction.atomic(using=using):
        with override_settings(ASEQ_TABLE="nowhere"), pytest.raises(SequenceTableMissing):
            sync.get_next_value(name, using=using)
        with pytest.raises(TransactionManagementError, match="until the end of the 'atomic'"):
            Saved.objects.using(using).exists()
        with pytest.raises(TransactionManagementError, match="until the end of the 'atomic'"):
            sync.get_next_value(name, using=using)
    with transaction.atomic(using=using):
        with (
            override_settings(ASEQ_TABLE="nowhere"),
            pytest.raises(SequenceTableMissing),
            transaction.atomic(using=using),
        ):
            sync.get_next_value(name, using=using)
        assert sync.get_next_value(name, using=using) == 1


def test_the_error_of_an_earlier_statement_isnt_explained(name: str) -> None:
    """Here a lock that somebody else's statement didn't get."""
    lock = "SELECT last FROM aseq_sequence WHERE name = %s FOR UPDATE NOWAIT"
    with transaction.atomic():
        sync.get_next_value(name)
    with (
        elsewhere(lambda: sync.get_next_value(name), "default"),
        transaction.atomic(),
        connections["default"].cursor() as cursor,
    ):
        with pytest.raises(DatabaseError), transaction.mark_for_rollback_on_error():
            cursor.execute(lock, [name])
        with pytest.raises(TransactionManagementError, match="until the end of the 'atomic'"):
            sync.get_next_value(name)


def test_after_exhaustion_the_block_is_usable(name: str, using: str) -> None:
    with transaction.atomic(using=using):
        sync.advance_to(BIG, name, using=using)
        with pytest.raises(aseq.SequenceExhausted):
            sync.get_next_value(name, using=using)
        Saved.objects.using(using).create(name=name, number=BIG)
    assert Saved.objects.using(using).get(name=name).number == BIG


@pytest.mark.parametrize("first", [True, False])
def test_after_nowait_the_block_is_usable(name: str, first: bool) -> None:
    if not first:
        with transaction.atomic():
            sync.advance_to(0, name)
    with elsewhere(lambda: sync.get_next_value(name), "default"), transaction.atomic():
        with pytest.raises(SequenceLocked, match="nowait=True doesn't wait for it"):
            sync.get_next_value(name, nowait=True)
        Saved.objects.create(name=name, number=0)
    assert Saved.objects.get(name=name).number == 0
    with transaction.atomic():
        assert sync.get_next_value(name, nowait=True) == 2


def test_a_number_that_an_interrupt_lost_is_rolled_back(name: str, using: str) -> None:
    def interrupt(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        execute(sql, params, many, context)
        raise KeyboardInterrupt

    connection = connections[using]
    with transaction.atomic(using=using):
        with pytest.raises(KeyboardInterrupt), connection.execute_wrapper(interrupt):
            sync.get_next_value(name, using=using)
        assert transaction.get_rollback(using=using)
    assert sync.get_last_value(name, using=using) is None
    with autocommit_off(using):
        with pytest.raises(KeyboardInterrupt), connection.execute_wrapper(interrupt):
            sync.get_next_value(name, using=using)
        with suppress(DatabaseError):  # SQLite says so; PostgreSQL rolls back in silence
            transaction.commit(using=using)
    assert sync.get_last_value(name, using=using) is None


def test_an_error_of_the_callers_own_doesnt_matter(name: str, using: str) -> None:
    with transaction.atomic(using=using):
        with pytest.raises(IntegrityError), transaction.atomic(using=using):
            sync.get_next_value(name, using=using)
            Saved.objects.using(using).create(name=name, number=None)
        assert sync.get_next_value(name, using=using) == 1
