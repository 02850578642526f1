"""SQLite's one write lock, in transactions that begin without it, as they do by default."""

from __future__ import annotations

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

import aseq
from aseq.django import sync
from aseq.django.errors import SequenceLocked
from tests.django.threads import DEADLINE, elsewhere

pytestmark = pytest.mark.usefixtures("deferred")


@pytest.fixture
def deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite begins its transactions without a lock, as it does if nobody tells it."""
    connections["sqlite"].ensure_connection()
    monkeypatch.setattr(connections["sqlite"], "transaction_mode", None)


def test_nowait_doesnt_wait_and_the_block_is_usable(name: str) -> None:
    def patience(setting: str = "") -> int:
        with connections["sqlite"].cursor() as cursor:
            return int(cursor.execute(f"PRAGMA busy_timeout {setting}").fetchone()[0])

    longer_than_the_other_one_holds_it = int(DEADLINE * 2000)
    usual = patience()
    patience(f"= {longer_than_the_other_one_holds_it}")
    with transaction.atomic(using="sqlite"):
        with elsewhere(lambda: sync.get_next_value(name, using="sqlite"), "sqlite"):
            with pytest.raises(SequenceLocked, match=r'OPTIONS."transaction_mode". = "IMMEDI'):
                sync.get_next_value(name, nowait=True, using="sqlite")
            assert patience() == longer_than_the_other_one_holds_it
        assert sync.get_next_value(name, nowait=True, using="sqlite") == 2
    patience(f"= {usual}")


def test_a_transaction_that_read_first_fails_on_sqlite(name: str) -> None:
    with (
        elsewhere(lambda: sync.get_next_value(name, using="sqlite"), "sqlite"),
        transaction.atomic(using="sqlite"),
    ):
        sync.get_last_value(name, using="sqlite")
        with pytest.raises(SequenceLocked) as caught:
            sync.get_next_value(name, using="sqlite")
        assert aseq.is_retryable(caught.value)
        with pytest.raises(TransactionManagementError):
            sync.get_next_value(name, using="sqlite")
