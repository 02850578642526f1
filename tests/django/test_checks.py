"""The system checks: their ids, their texts, and a line to paste in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error, Warning, run_checks  # noqa: A004
from django.db import connections, transaction
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from django.test.utils import override_settings

from aseq.django import sync
from tests.django.process import Site


def checked(*databases: str) -> list[CheckMessage]:
    return run_checks(tags=["aseq"], databases=databases)


@contextmanager
def options(alias: str, **changed: Any) -> Iterator[None]:
    """The database with other OPTIONS."""
    settings = connections[alias].settings_dict
    before = settings["OPTIONS"]
    settings["OPTIONS"] = before | changed
    try:
        yield
    finally:
        settings["OPTIONS"] = before


def test_nothing_to_say() -> None:
    assert checked("default", "sqlite") == []
    assert run_checks() == []


@pytest.mark.parametrize("table", ["a b", "", "a.b.c", 'x"', "x" * 53])
def test_e001(table: str) -> None:
    with override_settings(ASEQ_TABLE=table):
        assert checked() == [
            Error(
                "ASEQ_TABLE must be a plain identifier of at most 52 ASCII letters, digits "
                f"and underscores, or two with a dot between: {table!r} isn't.",
                hint='ASEQ_TABLE = "aseq_sequence"',
                id="aseq.E001",
            )
        ]


def test_e001_is_what_a_project_with_such_a_table_gets(tmp_path: Path) -> None:
    site = Site(tmp_path, ASEQ_TABLE="no table")
    for command in (["check"], ["migrate"]):
        said = site.manage(*command, fails=True)
        assert "SystemCheckError" in said
        assert "(aseq.E001) ASEQ_TABLE must be a plain identifier" in said
        assert "Traceback" not in said


def test_e002() -> None:
    with override_settings(ASEQ_REQUIRE_TRANSACTION="no"):
        assert checked() == [
            Error(
                "ASEQ_REQUIRE_TRANSACTION must be True or False, not 'no'.",
                hint="ASEQ_REQUIRE_TRANSACTION = True",
                id="aseq.E002",
            )
        ]


@pytest.mark.parametrize("number", [0, -1, 2.5, "20", None, True])
def test_e003(number: object) -> None:
    with override_settings(ASEQ_MAX_BLOCKS=number):
        assert checked() == [
            Error(
                f"ASEQ_MAX_BLOCKS must be a whole number of at least 1, not {number!r}.",
                hint="ASEQ_MAX_BLOCKS = 20",
                id="aseq.E003",
            )
        ]


def test_no_e003() -> None:
    with override_settings(ASEQ_MAX_BLOCKS=1):
        assert checked() == []


@pytest.mark.parametrize("mode", [None, "DEFERRED", "deferred"])
def test_w001(mode: str | None) -> None:
    with options("sqlite", transaction_mode=mode):
        assert checked("default", "sqlite") == [
            Warning(
                "A transaction on the SQLite database 'sqlite' that reads before it draws a "
                "number fails with 'database is locked' if another one writes meanwhile.",
                hint='In DATABASES["sqlite"]: "OPTIONS": {"transaction_mode": "IMMEDIATE"}',
                id="aseq.W001",
            )
        ]


@pytest.mark.parametrize("mode", ["immediate", "EXCLUSIVE"])
def test_no_w001(mode: str) -> None:
    with options("sqlite", transaction_mode=mode):
        assert checked("sqlite") == []


@pytest.mark.parametrize("number", [False, True])
@pytest.mark.parametrize("name", ["REPEATABLE_READ", "SERIALIZABLE"])
def test_w002(name: str, number: bool) -> None:
    level = IsolationLevel[name]
    with options("default", isolation_level=int(level) if number else level):
        assert checked("default", "sqlite") == [
            Warning(
                f"The PostgreSQL database 'default' runs at {name.replace('_', ' ')}: whoever "
                "waits for a number fails with a serialization error and has to retry the "
                "transaction.",
                hint='del DATABASES["default"]["OPTIONS"]["isolation_level"]',
                id="aseq.W002",
            )
        ]


@pytest.mark.parametrize("name", ["READ_COMMITTED", "READ_UNCOMMITTED"])
def test_no_w002(name: str) -> None:
    for level in (IsolationLevel[name], int(IsolationLevel[name]), None):
        with options("default", isolation_level=level):
            assert checked("default") == []


def test_w003(using: str) -> None:
    with override_settings(ASEQ_TABLE="nowhere"):
        assert checked() == []
        assert checked(using) == [
            Warning(
                f"Table 'nowhere' doesn't exist in database '{using}'.",
                hint=f"python manage.py migrate --database={using}",
                id="aseq.W003",
            )
        ]


def test_w003_spoils_no_transaction(using: str) -> None:
    with transaction.atomic(using=using):
        with override_settings(ASEQ_TABLE="nowhere"):
            assert len(checked(using)) == 1
        assert sync.get_last_value("usable", using=using) is None


def test_w003_is_no_obstacle_to_a_first_migrate(tmp_path: Path) -> None:
    site = Site(tmp_path, INSTALLED_APPS=["aseq.django"])
    assert "aseq.W003" in site.manage("migrate")
    assert "aseq.W003" not in site.manage("check", "--database", "default")


class NotOnSqlite:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return db != "sqlite" if app_label == "aseq" else None


@override_settings(DATABASE_ROUTERS=["tests.django.test_checks.NotOnSqlite"])
def test_a_database_without_sequences_isnt_checked() -> None:
    with options("sqlite", transaction_mode=None), override_settings(ASEQ_TABLE="nowhere"):
        assert [message.id for message in checked("default", "sqlite")] == ["aseq.W003"]


def test_a_database_that_doesnt_answer(tmp_path: Path) -> None:
    nobody = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": str(tmp_path),
        "NAME": "none",
        "OPTIONS": {"isolation_level": int(IsolationLevel.SERIALIZABLE)},
    }
    code = (
        "import django; django.setup()\n"
        "from django.core.checks import run_checks\n"
        "print([message.id for message in run_checks(tags=['aseq'], databases=['default'])])"
    )
    said = Site(tmp_path, DATABASES={"default": nobody}).python("-c", code)
    assert said == "['aseq.W002']\n"
