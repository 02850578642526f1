"""`aseq.django.sync`: the names, signatures and values of django-sequences."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from itertools import islice

import pytest
import sequences
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils.connection import ConnectionDoesNotExist

from aseq import InvalidSequence, UnsupportedConnection
from aseq._core.dialects.servers import KNOWN
from aseq.django import sync

FUNCTIONS = ("get_next_value", "get_next_values", "get_last_value", "delete")


def parameters(function: object) -> list[tuple[str, object, object]]:
    found = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]


def without_timeout(function: object) -> list[tuple[str, object, object]]:
    """What is ours alone is a keyword that needn't be given."""
    found = parameters(function)
    ours = ("timeout", inspect.Parameter.KEYWORD_ONLY, None)
    return [parameter for parameter in found if parameter != ours]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_what_those_of_django_sequences_take(name: str) -> None:
    assert without_timeout(getattr(sync, name)) == parameters(getattr(sequences, name))


@pytest.mark.parametrize("name", ["__init__", *FUNCTIONS])
def test_methods_take_what_those_of_django_sequences_take(name: str) -> None:
    ours, theirs = getattr(sync.Sequence, name), getattr(sequences.Sequence, name)
    assert without_timeout(ours) == parameters(theirs)


def test_functions(name: str, using: str) -> None:
    with transaction.atomic(using=using):
        assert sync.get_last_value(name, using=using) is None
        assert sync.get_next_value(name, 1000, using=using) == 1000
        assert sync.get_next_values(3, name, using=using) == range(1001, 1004)
        assert sync.get_next_values(0, name, using=using) == range(0)
        assert sync.get_last_value(name, using=using) == 1003
        assert sync.advance_to(2000, name, using=using) == 2000
        assert sync.advance_to(1500, name, using=using) == 2000
        assert sync.get_next_value(name, nowait=True, using=using) == 2001
        assert sync.delete(name, using=using) is True
        assert sync.delete(name, using=using) is False
        assert sync.get_next_value(name, using=using) == 1


def test_looping(name: str, using: str) -> None:
    loop = sync.Sequence(name, 5, 8, using=using)
    with transaction.atomic(using=using):
        assert list(islice(loop, 4)) == [5, 6, 7, 5]
        assert list(loop.get_next_values(3)) == [6, 7, 5]
        assert loop.advance_to(7) == 7
        assert sync.get_next_value(name, 5, 8, nowait=True, using=using) == 5


@pytest.mark.parametrize("first", [-(2**63), -5, 0, 2**63 - 2])
def test_values_from_end_to_end(name: str, using: str, first: int) -> None:
    with transaction.atomic(using=using):
        endless = sync.Sequence(name, first, using=using)
        assert list(islice(endless, 2)) == [first, first + 1]
        assert endless.get_last_value() == first + 1


def test_one_statement_per_draw(name: str, using: str) -> None:
    with (
        transaction.atomic(using=using),
        CaptureQueriesContext(connections[using]) as queries,
    ):
        sync.get_next_value(name, using=using)
        sync.get_next_values(100, name, using=using)
        sync.get_next_value(name, 1, 5, using=using)
    assert len(queries) == 3


def test_a_sequence_can_be_iterated_again_copied_and_pickled(name: str, using: str) -> None:
    invoices = sync.Sequence(name, 10, using=using)
    with transaction.atomic(using=using):
        assert list(islice(invoices, 2)) == [10, 11]
        assert list(islice(invoices, 2)) == [12, 13]
        assert next(invoices) == 14
        assert next(copy.copy(invoices)) == 15
        assert next(copy.deepcopy(invoices)) == 16
        assert next(pickle.loads(pickle.dumps(invoices))) == 17
    assert repr(invoices) == f"Sequence({name!r}, 10, None, using={using!r})"


@pytest.mark.parametrize("reset", [1, 0, -7])
def test_a_reset_value_too_small_is_a_value_error(reset: int, using: str) -> None:
    with pytest.raises(ValueError, match=r"^reset_value must be greater than initial_value"):
        sync.Sequence("error", reset_value=reset)
    with pytest.raises(InvalidSequence):  # before the missing transaction
        sync.get_next_value("error", 1, reset, using=using)


@pytest.mark.parametrize("bad", ["", "x" * 101, "a\0b", None])
def test_a_bad_name_is_refused_before_anything_is_sent(bad: str) -> None:
    with pytest.raises(InvalidSequence, match=r"^name must"):
        sync.Sequence(bad)
    with pytest.raises(InvalidSequence, match=r"^count must"):
        sync.get_next_values(-1)


def test_an_unknown_alias_is_djangos_error() -> None:
    with pytest.raises(ConnectionDoesNotExist):
        sync.get_next_value(using="nowhere")


def test_an_unknown_vendor(using: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections[using], "vendor", "oracle")
    text = (
        rf"^can't draw numbers on the oracle database '{using}': "
        rf"use PostgreSQL, SQLite, or what aseq knows besides: {re.escape(KNOWN)}$"
    )
    with pytest.raises(UnsupportedConnection, match=text):
        sync.get_next_value(using=using)


def test_the_table_follows_the_settings(name: str, using: str) -> None:
    with transaction.atomic(using=using):
        sync.advance_to(41, name, using=using)
        with connections[using].cursor() as cursor:
            cursor.execute("CREATE TABLE other AS SELECT * FROM aseq_sequence")
            cursor.execute("CREATE UNIQUE INDEX other_name ON other (name)")
        with override_settings(ASEQ_TABLE="other"):
            assert sync.get_next_value(name, using=using) == 42
        assert sync.get_last_value(name, using=using) == 41
        transaction.set_rollback(True, using=using)


class Router:
    """Writes go to PostgreSQL, reads to SQLite."""

    def db_for_read(self, model: type, **hints: object) -> str | None:
        return "sqlite" if model._meta.label == "aseq.Sequence" else None  # type: ignore[attr-defined]

    def db_for_write(self, model: type, **hints: object) -> str | None:
        return "default" if model._meta.label == "aseq.Sequence" else None  # type: ignore[attr-defined]


@override_settings(DATABASE_ROUTERS=["tests.django.test_sync.Router"])
def test_the_routers_are_asked(name: str) -> None:
    with transaction.atomic():
        assert sync.get_next_value(name, 7) == 7
        assert sync.advance_to(8, name) == 8
    assert sync.get_last_value(name) is None
    assert sync.get_last_value(name, using="default") == 8
    with transaction.atomic():
        assert sync.delete(name)
    assert sync.get_last_value(name, using="default") is None
