"""A holder as a line for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aseq import Holder

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def holder(**attributes: object) -> Holder:
    usual = {
        "sequence": "invoices",
        "holds": True,
        "pid": 4711,
        "application": "worker",
        "user": "app",
        "state": "idle in transaction",
        "state_since": ago(40.4),
        "transaction_since": ago(1041),
        "query_since": ago(40.5),
        "asked_at": NOW,
    }
    return Holder(**{**usual, **attributes})  # type: ignore[arg-type]


TEXTS = [
    (
        holder(),
        (
            "invoices: is held by backend 4711 (worker, user app), idle in transaction for "
            "40 s; its transaction began 1,041 s ago"
        ),
    ),
    (
        holder(certain=False, transaction_since=None, application=None),
        "invoices: may be held by backend 4711 (user app), idle in transaction for 40 s",
    ),
    (
        holder(holds=False, query_since=ago(2.34)),
        "invoices: backend 4711 (worker, user app) waits for it for 2.3 s",
    ),
    (
        holder(pid=None, application=None, user=None, state="prepared", state_since=None),
        "invoices: is held by a prepared transaction",
    ),
    (
        holder(application=None, user=None, state=None, own=True),
        "invoices: is held by backend 4711 (this connection)",
    ),
    (
        holder(application=None, user=None, state=None),
        "invoices: is held by backend 4711",
    ),
]


@pytest.mark.parametrize(("one", "text"), TEXTS)
def test_text(one: Holder, text: str) -> None:
    assert str(one) == text


def test_since_when() -> None:
    assert holder().since == ago(1041)
    assert holder(holds=False).since == ago(40.5)
