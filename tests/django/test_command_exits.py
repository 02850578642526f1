"""With which code ``manage.py aseq`` exits: for cron, and for who reads its mails."""

from __future__ import annotations

import sqlite3
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections, transaction
from django.test.utils import override_settings

from aseq._exit_codes import ExitCode, code_of
from aseq._printed import BUG
from aseq.django import sync
from aseq.django.management.commands import aseq as command
from aseq.django.management.verbs import VERBS
from aseq.django.management.verbs.base import Verb
from aseq.errors import (
    AseqError,
    AuditRefused,
    HoldersUnknown,
    InvalidRow,
    InvalidSequence,
    IssuerClosed,
    IssuerFull,
    IssueTimeout,
    LedgerConflict,
    LedgerTableMissing,
    NestedTurn,
    NotInLedger,
    NotInTransaction,
    NotIssuable,
    RowRefused,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsteadyClock,
    UnsupportedConnection,
)
from tests.django.server import dsn


def code(*args: object) -> int:
    """What the process would exit with."""
    try:
        command.Command().run_from_argv(["manage.py", "aseq", *map(str, args)])
    except SystemExit as exc:
        return int(exc.code or 0)
    return 0


class Does(Verb):
    """A verb that does what a test wants."""

    name = "does"
    help = "Something."
    what: ClassVar[Any]

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        return

    def run(self, *args: Any, **options: Any) -> ExitCode | None:
        if isinstance(self.what, Exception):
            raise self.what
        result: ExitCode | None = self.what
        return result


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch) -> type[Does]:
    monkeypatch.setattr(f"{command.__name__}.VERBS", (*VERBS, Does))
    return Does


@pytest.mark.parametrize("what", [None, ExitCode.OK, ExitCode.FINDINGS, ExitCode.LOCKED])
def test_a_verb_says_its_code(what: ExitCode | None, does: type[Does]) -> None:
    does.what = what
    assert code("does") == (what or 0)


def test_the_codes_are_those_of_the_page() -> None:
    assert {each.name: each.value for each in ExitCode} == {
        "OK": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "DATABASE": 3,
        "LOCKED": 4,
        "BUG": 70,
        "INTERRUPTED": 130,
        "PIPE": 141,
    }


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (InvalidSequence("name", "must not be"), 2),
        (UnsupportedConnection("x", "y"), 2),
        (AuditRefused("no"), 2),
        (InvalidRow("invoice", 1, "no"), 2),
        (RowRefused("invoice", 1, 7, "no"), 3),
        (NotInTransaction("x", "y"), 2),
        (HoldersUnknown("sqlite"), 2),
        (SequenceTableMissing("x"), 3),
        (SequenceExhausted("x", 1), 3),
        (SequenceCorrupted("x", "y"), 3),
        (UnsteadyClock("x", 3), 3),
        (SequenceLocked("x", "y"), 4),
        (IssueTimeout(7, "x", 2), 4),
        (IssuerFull(7), 4),
        (LedgerTableMissing("x"), 3),
        (LedgerConflict("x", "y"), 3),
        (NotInLedger("1", "x", "y"), 2),
        (NotIssuable(7, "x"), 2),
        (IssuerClosed("x"), 2),
    ],
)
def test_each_error_of_ours(exc: AseqError, expected: int, does: type[Does]) -> None:
    does.what = exc
    assert code_of(exc) == code("does") == expected


def test_each_error_of_ours_has_a_code() -> None:
    told = [
        *(InvalidSequence, UnsupportedConnection, AuditRefused, NotInTransaction),
        *(SequenceTableMissing, SequenceExhausted, SequenceCorrupted, UnsteadyClock),
        *(SequenceLocked, InvalidRow, RowRefused, HoldersUnknown),
        *(NotIssuable, IssueTimeout, IssuerFull, IssuerClosed, NestedTurn),
        *(LedgerTableMissing, LedgerConflict, NotInLedger),
    ]
    ours = [each for each in AseqError.__subclasses__() if each.__module__ == "aseq.errors"]
    assert set(ours) == set(told)


def test_a_bug(does: type[Does], capsys: pytest.CaptureFixture[str]) -> None:
    does.what = ZeroDivisionError("ours")
    assert code("does") == ExitCode.BUG
    out, err = capsys.readouterr()
    assert out == ""
    assert "ZeroDivisionError: ours" in err
    assert err.endswith(f"{BUG}\n")
    with pytest.raises(ZeroDivisionError):  # in Python it is what it is
        call_command("aseq", "does")


@pytest.mark.parametrize(
    "args",
    [(), ("nothing",), ("advance-to", "x", "y"), ("advance-to", "", 1), ("show", "not there")],
)
def test_usage(args: tuple[object, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert code(*args) == ExitCode.USAGE
    assert capsys.readouterr().err


def test_settings_that_cant_work(does: type[Does]) -> None:
    does.what = ImproperlyConfigured("ASEQ_MAX_BLOCKS")
    assert code("does") == ExitCode.USAGE
    with override_settings(ASEQ_TABLE="x; y"):  # a system check fails
        assert code("list") == ExitCode.USAGE


def test_with_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert code("--traceback", "show", "not there") == ExitCode.USAGE
    assert "Traceback" in capsys.readouterr().err
    with override_settings(ASEQ_TABLE="nowhere"):
        assert code("--traceback", "list") == ExitCode.DATABASE


@pytest.mark.parametrize("args", [("list",), ("show", "x"), ("advance-to", "x", 1)])
def test_a_missing_table(args: tuple[object, ...], using: str) -> None:
    with override_settings(ASEQ_TABLE="nowhere"):
        assert code(*args, "--database", using) == ExitCode.DATABASE


@pytest.mark.parametrize("args", [("take-over-table", "nowhere"), ("list",)])
def test_a_database_that_isnt_there(
    args: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    connections["default"].close()
    monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
    assert code(*args) == ExitCode.DATABASE
    assert "database 'default': " in capsys.readouterr().err


def test_a_table_to_take_over_that_isnt_there(using: str) -> None:
    assert code("take-over-table", "nowhere", "--database", using) == ExitCode.DATABASE
    assert code("take-over", "no", "x", "--database", using) == ExitCode.USAGE


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both databases wait for a moment, and no longer."""
    for using, key, value in [
        ("default", "options", "-c lock_timeout=30ms"),
        ("sqlite", "timeout", 0.01),
    ]:
        connections[using].close()
        monkeypatch.setitem(connections[using].settings_dict["OPTIONS"], key, value)
    yield
    connections.close_all()


@pytest.mark.usefixtures("impatient")
def test_locked(name: str, using: str, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction.atomic(using=using):
        sync.advance_to(1, name, using=using)
    file = connections["sqlite"].settings_dict["NAME"]
    with psycopg.connect(dsn()) as other, sqlite3.connect(file) as writer:
        other.execute("SELECT 1 FROM aseq_sequence WHERE name = %s FOR UPDATE", (name,))
        writer.execute("BEGIN IMMEDIATE")
        assert code("advance-to", name, 5, "--database", using) == ExitCode.LOCKED
        writer.rollback()
    writer.close()
    assert "CommandError: " in capsys.readouterr().err
    assert code("advance-to", name, 5, "--database", using) == ExitCode.OK
