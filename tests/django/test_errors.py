"""aseq's errors under Django are Django's too, and survive travelling."""

from __future__ import annotations

import copy
import pickle

import pytest
from django.db import (
    DatabaseError,
    DataError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.db.transaction import TransactionManagementError
from django.test.utils import override_settings

import aseq
from aseq.django import errors, sync
from tests.clients.django import WITHOUT_TABLE
from tests.django.threads import elsewhere

KINDS = (
    (errors.NotInTransaction, aseq.NotInTransaction, TransactionManagementError),
    (errors.SequenceLocked, aseq.SequenceLocked, OperationalError),
    (errors.SequenceTableMissing, aseq.SequenceTableMissing, ProgrammingError),
    (errors.SequenceExhausted, aseq.SequenceExhausted, DataError),
    (errors.SequenceCorrupted, aseq.SequenceCorrupted, DatabaseError),
)
ARGUMENTS = {errors.SequenceTableMissing: ("table",), errors.SequenceExhausted: ("s", 7)}


@pytest.mark.parametrize(("cls", "ours", "theirs"), KINDS)
def test_both_families(
    cls: type[aseq.AseqError], ours: type[Exception], theirs: type[Exception]
) -> None:
    assert issubclass(cls, ours)
    assert issubclass(cls, theirs)
    assert issubclass(cls, DatabaseError)
    assert errors.ERRORS[ours] is cls  # type: ignore[index]


@pytest.mark.parametrize("cls", [kind[0] for kind in KINDS])
def test_pickled_and_copied(cls: type[aseq.AseqError]) -> None:
    exc = cls(*ARGUMENTS.get(cls, ("s", "hint")))
    for twin in (pickle.loads(pickle.dumps(exc)), copy.copy(exc), copy.deepcopy(exc)):
        assert type(twin) is cls
        assert (twin.args, vars(twin), str(twin)) == (exc.args, vars(exc), str(exc))


def test_the_table_is_missing(name: str, using: str) -> None:
    with override_settings(ASEQ_TABLE="nowhere"):
        with pytest.raises(ProgrammingError) as caught:
            sync.get_last_value(name, using=using)
        with pytest.raises(errors.SequenceTableMissing), transaction.atomic(using=using):
            sync.get_next_value(name, using=using)
    assert isinstance(caught.value, LookupError)
    assert str(caught.value) == (f"table 'nowhere' doesn't exist{WITHOUT_TABLE}")
    assert isinstance(caught.value.__cause__, DatabaseError)


def test_exhausted(name: str, using: str) -> None:
    with transaction.atomic(using=using):
        sync.advance_to(2**63 - 1, name, using=using)
        with pytest.raises(DataError) as caught:
            sync.get_next_value(name, using=using)
    assert isinstance(caught.value, errors.SequenceExhausted)
    assert caught.value.last == 2**63 - 1


def test_nowait_is_an_operational_error_worth_a_new_transaction(name: str) -> None:
    with (
        elsewhere(lambda: sync.get_next_value(name), "default"),
        transaction.atomic(),
        pytest.raises(OperationalError) as caught,
    ):
        sync.get_next_value(name, nowait=True)
    assert isinstance(caught.value, errors.SequenceLocked)
    assert aseq.is_retryable(caught.value)


def test_a_lock_timeout_is_retryable(name: str) -> None:
    with (
        elsewhere(lambda: sync.get_next_value(name), "default"),
        pytest.raises(errors.SequenceLocked) as caught,
        transaction.atomic(),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5ms'")
        sync.get_next_value(name)
    cause = caught.value.__cause__
    assert cause is not None
    assert type(cause) is OperationalError
    assert aseq.is_retryable(cause)


def test_a_serialization_failure_passes_unchanged_and_is_retryable(name: str) -> None:
    with transaction.atomic():
        sync.get_next_value(name)
    with pytest.raises(OperationalError) as caught, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        sync.get_last_value(name)
        with elsewhere(lambda: sync.get_next_value(name), "default"):
            pass
        sync.get_next_value(name)
    assert not isinstance(caught.value, aseq.AseqError)
    assert aseq.is_retryable(caught.value)


def test_a_locked_sqlite_database_is_retryable(name: str) -> None:
    def give_up_soon() -> None:
        with connections["sqlite"].cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 1")

    give_up_soon()
    try:
        with (
            elsewhere(lambda: sync.get_next_value(name, using="sqlite"), "sqlite"),
            pytest.raises(OperationalError) as caught,
            transaction.atomic("sqlite"),
        ):
            pass
    finally:
        connections["sqlite"].close()
    assert aseq.is_retryable(caught.value)


def test_other_errors_arent_worth_a_retry() -> None:
    with pytest.raises(ProgrammingError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")
    assert not aseq.is_retryable(caught.value)
