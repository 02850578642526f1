"""The system checks: their ids, their texts, and a line to paste in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.core.checks import CheckMessage, Error, Warning, run_checks  # noqa: A004
from django.core.management import call_command
from django.db import connections, models, transaction
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from django.test.utils import isolate_apps, override_settings

import aseq
import aseq.django
import aseq.numbering
import aseq.testing
from aseq.django import sync
from aseq.django.checks.models import check_defaults
from aseq.django.models import Sequence
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


def w003(table: str, using: str, hint: str) -> list[CheckMessage]:
    text = f"Table '{table}' doesn't exist in database '{using}'."
    return [Warning(text, hint=hint, id="aseq.W003")]


def test_w003_where_the_setting_was_changed_later(using: str) -> None:
    with override_settings(ASEQ_TABLE="nowhere"):
        assert checked() == []
        hint = (
            "ASEQ_TABLE has changed since the migration was applied. "
            f"python manage.py migrate aseq zero --fake --database={using}; "
            f"python manage.py migrate aseq --database={using}; and then, with the name of the "
            "table in use before, "
            f"python manage.py aseq take-over-table TABLE --database={using}"
        )
        assert checked(using) == w003("nowhere", using, hint)


def test_what_that_hint_says_helps(tmp_path: Path) -> None:
    old, new = Site(tmp_path), Site(tmp_path, ASEQ_TABLE="numbers")
    draw = (
        "import django; django.setup()\n"
        "from django.db import transaction\n"
        "from aseq.django.sync import get_next_value\n"
        "with transaction.atomic(): print(get_next_value('invoices', 41))"
    )
    old.manage("migrate")
    assert old.python("-c", draw) == "41\n"
    assert "No migrations to apply" in new.manage("migrate")
    assert "ASEQ_TABLE has changed since" in new.manage("check", "--database=default")
    new.manage("migrate", "aseq", "zero", "--fake", "--database=default")
    new.manage("migrate", "aseq", "--database=default")
    assert "W003" not in new.manage("check", "--database=default")
    new.manage("aseq", "take-over-table", "aseq_sequence", "--database=default")
    assert new.python("-c", draw) == "42\n"


def test_w003_in_a_new_database(tmp_path: Path) -> None:
    site = Site(tmp_path, INSTALLED_APPS=["aseq.django"])
    said = site.manage("check", "--database", "default")
    assert "HINT: python manage.py migrate --database=default\n" in said


@pytest.mark.parametrize("installed", [True, False])
def test_w003_of_the_table_of_django_sequences(tmp_path: Path, installed: bool) -> None:
    apps = ["aseq.django", "sequences"] if installed else ["aseq.django"]
    site = Site(tmp_path, INSTALLED_APPS=apps, ASEQ_TABLE="sequences_sequence")
    said = site.manage("check", "--database", "default")
    hint = "python manage.py migrate sequences --database=default\n"
    if not installed:
        hint = f'Add "sequences" to INSTALLED_APPS (its app creates it): {hint}'
    assert f"HINT: {hint}" in said


def test_w003_before_numbers_of_django_sequences_would_start_again(tmp_path: Path) -> None:
    Site(tmp_path, INSTALLED_APPS=["sequences"]).manage("migrate")
    draw = (
        "import django; django.setup(); import sequences; sequences.get_next_value('invoices')"
    )
    both = Site(tmp_path, INSTALLED_APPS=["aseq.django", "sequences"])
    warning = (
        'set ASEQ_TABLE = "sequences_sequence" first, or they start again. Otherwise: python'
    )
    assert warning not in both.manage("check", "--database", "default")
    both.python("-c", draw)
    assert warning in both.manage("check", "--database", "default")
    assert warning in both.manage("migrate")


def test_e004(using: str) -> None:
    Sequence.objects.using(using).all().delete()
    theirs = apps.get_model("sequences.Sequence").objects.using(using)
    theirs.all().delete()
    assert checked(using) == []
    theirs.create(name="cases", last=26)
    try:
        assert checked() == []
        assert checked(using) == [
            Error(
                "Table 'sequences_sequence' of django-sequences has 1 sequence in database "
                f"'{using}', and 'aseq_sequence' has none: numbers would start again at the "
                "first.",
                hint='ASEQ_TABLE = "sequences_sequence", or python manage.py aseq '
                f"take-over-table sequences_sequence --database={using}",
                id="aseq.E004",
            )
        ]
        with override_settings(ASEQ_TABLE="sequences_sequence"):
            assert checked(using) == []
        where = ("sequences_sequence", f"--database={using}")
        call_command("aseq", "take-over-table", *where, stdout=StringIO(), stderr=StringIO())
        assert checked(using) == []
    finally:
        theirs.all().delete()
        Sequence.objects.using(using).all().delete()


SEQUENCES = (sync.Sequence(), aseq.django.Sequence())
DEFAULTS: dict[str, Any] = {
    "sync": sync.get_next_value,
    "async": aseq.django.get_next_value,
    "other name": aseq.django.aget_next_values,
    "partial": partial(sync.get_next_value, "invoices"),
    "partial of partial": partial(partial(aseq.django.get_next_value, "a"), nowait=True),
    "advance_to": partial(sync.advance_to, 3),
    "method": SEQUENCES[0].get_next_value,
    "async method": SEQUENCES[1].get_next_value,
    "next": SEQUENCES[0].__next__,
    "numbering": sync.Numbering("x", "{number}").next,
    "plain numbering": partial(
        aseq.numbering.Numbering("x", "{number}").next, aseq.testing.MemoryExecutor()
    ),
    "of AsyncSequence": partial(aseq.AsyncSequence().next_value, aseq.testing.MemoryExecutor()),
}


@pytest.fixture
def isolated() -> Iterator[Apps]:
    """A registry for the models of one test."""
    with isolate_apps("tests.django.shop") as registry:
        yield registry


@pytest.mark.parametrize("default", DEFAULTS.values(), ids=DEFAULTS)
def test_w004(default: Any, isolated: Apps) -> None:
    class Bill(models.Model):
        number = models.BigIntegerField(default=default)
        other = models.BigIntegerField(default=3)
        third = models.BigIntegerField()

        class Meta:
            app_label = "shop"

    class Proxy(Bill):
        class Meta:
            app_label = "shop"
            proxy = True

    assert check_defaults(list(isolated.get_app_configs())) == [
        Warning(
            "The default draws a number whenever an object is made, also for an empty form "
            "that is never saved: the number is lost.",
            hint="Make it a SequenceField (of aseq.django.fields), which draws when a row is "
            "first saved. Or remove the default, and draw where the row is saved, inside "
            "`transaction.atomic()`: Bill.objects.create(number=get_next_value(...))",
            obj=Bill._meta.get_field("number"),
            id="aseq.W004",
        )
    ]


def test_no_w004(isolated: Apps) -> None:
    """What is called inside a function can't be seen, and the last value is no draw."""

    class Bill(models.Model):
        hidden = models.BigIntegerField(default=lambda: sync.get_next_value("x"))
        last = models.BigIntegerField(default=sync.get_last_value)
        unhashable = models.JSONField(default=[].copy)

        class Meta:
            app_label = "shop"

    assert check_defaults(list(isolated.get_app_configs())) == []


def test_w005(using: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings[using], "ATOMIC_REQUESTS", True)
    assert checked() == [
        Warning(
            f"Each request is a transaction on the database '{using}' (ATOMIC_REQUESTS). A "
            "view that draws a number and then returns an error response, instead of raising "
            "an exception, commits the number without its row.",
            hint="Draw inside `with transaction.atomic():` in the view, where the error leaves "
            'that block. Then SILENCED_SYSTEM_CHECKS = ["aseq.W005"]',
            id="aseq.W005",
        )
    ]


class KnowsTheirs:
    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "sqlite" if model._meta.app_label == "sequences" else None


@override_settings(DATABASE_ROUTERS=["tests.django.test_checks.KnowsTheirs"])
def test_w006() -> None:
    assert checked() == [
        Warning(
            "DATABASE_ROUTERS send the sequences of django-sequences to the database "
            "'sqlite', but those of aseq to 'default'.",
            hint='Let the routers treat the app label "aseq" as they treat "sequences".',
            id="aseq.W006",
        )
    ]


@pytest.mark.parametrize(
    "call",
    [
        "sync.get_next_value()",
        "sync.get_last_value(using='default')",
        "asyncio.run(aseq.django.get_next_value())",
    ],
)
def test_without_the_app(tmp_path: Path, call: str) -> None:
    code = (
        "import asyncio, django; django.setup()\n"
        "import aseq.django; from aseq.django import sync\n"
        f"try: {call}\n"
        "except Exception as exc: print(type(exc).__name__, exc)"
    )
    said = Site(tmp_path, INSTALLED_APPS=["django.contrib.contenttypes"]).python("-c", code)
    assert said == (
        'ImproperlyConfigured add "aseq.django" to INSTALLED_APPS, and run `manage.py '
        "migrate`: the table of sequences is that app's\n"
    )


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
