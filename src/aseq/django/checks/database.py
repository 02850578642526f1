"""Checks of a database. A missing table is never an error: `migrate` runs the checks first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db import Error, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from aseq._core.spec import DJANGO_SEQUENCES_TABLE
from aseq._core.table import TableName
from aseq.django import conf, sync
from aseq.django._servers import dialect_of, find_dialect
from aseq.django.errors import SequenceTableMissing
from aseq.errors import InvalidSequence

from . import innodb

_COUNT = "SELECT count(*) FROM $table"


@checks.register("aseq", checks.Tags.database)
def check_databases(
    app_configs: Sequence[AppConfig] | None,
    databases: Iterable[str] | None = None,
    **kwargs: Any,
) -> list[checks.CheckMessage]:
    """aseq.W001 to W003: drawing may fail, or can't work. E004, E010: numbers get lost.

    aseq.E011: no sequence can begin.
    """
    ours = apps.get_model("aseq.Sequence")
    return [
        message
        for alias in databases or ()
        if router.allow_migrate_model(alias, ours)
        for message in _database(connections[alias])
    ]


def _database(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    if connection.vendor == "sqlite":
        yield from _transaction_mode(connection)
    if connection.vendor == "postgresql":
        yield from _isolation_level(connection)
    with suppress(Error):  # it can't be reached, and hasn't said what it is
        if find_dialect(connection) is not None:
            yield from _table(connection)
            if connection.vendor == "mysql":
                yield from innodb.check(connection)


def _transaction_mode(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    options = connection.settings_dict["OPTIONS"]
    if str(options.get("transaction_mode")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        yield checks.Warning(
            f"A transaction on the SQLite database {connection.alias!r} that reads before it "
            "draws a number fails with 'database is locked' if another one writes meanwhile.",
            hint=f'In DATABASES["{connection.alias}"]: '
            '"OPTIONS": {"transaction_mode": "IMMEDIATE"}',
            id="aseq.W001",
        )


def _isolation_level(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    # The numbers are the driver's: psycopg 3 and psycopg2 count differently.
    from django.db.backends.postgresql.psycopg_any import IsolationLevel

    level = connection.settings_dict["OPTIONS"].get("isolation_level")
    if level in (IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE):
        name = IsolationLevel(level).name.replace("_", " ")
        yield checks.Warning(
            f"The PostgreSQL database {connection.alias!r} runs at {name}: whoever waits for "
            "a number fails with a serialization error and has to retry the transaction.",
            hint=f'del DATABASES["{connection.alias}"]["OPTIONS"]["isolation_level"]',
            id="aseq.W002",
        )


def _table(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    alias = connection.alias
    try:
        # In a block, so that a failure doesn't abort a transaction around it.
        with transaction.atomic(using=alias):
            sync.get_last_value(using=alias)
            yield from _left_behind(connection)
    except SequenceTableMissing as exc:
        yield checks.Warning(
            f"Table {exc.table!r} doesn't exist in database {alias!r}.",
            hint=_how_to_create(connection),
            id="aseq.W003",
        )
    except (Error, InvalidSequence):
        pass  # the database can't be reached or read, or ASEQ_TABLE is aseq.E001


def _how_to_create(connection: BaseDatabaseWrapper) -> str:
    database = f"--database={connection.alias}"
    if not conf.managed():
        installed = apps.is_installed("sequences")
        first = "" if installed else 'Add "sequences" to INSTALLED_APPS (its app creates it): '
        return f"{first}python manage.py migrate sequences {database}"
    if ("aseq", "0001_initial") in MigrationRecorder(connection).applied_migrations():
        return (
            "ASEQ_TABLE has changed since the migration was applied. "
            f"python manage.py migrate aseq zero --fake {database}; "
            f"python manage.py migrate aseq {database}; and then, with the name of the table "
            f"in use before, python manage.py aseq take-over-table TABLE {database}"
        )
    return f"{_before_that(connection)}python manage.py migrate {database}"


def _before_that(connection: BaseDatabaseWrapper) -> str:
    """A word to those who come from django-sequences, while their numbers can't restart yet."""
    with suppress(Error), transaction.atomic(using=connection.alias):
        if _left(connection, TableName.parse(conf.table())):
            return (
                f'To go on with the numbers of django-sequences, set ASEQ_TABLE = "'
                f'{DJANGO_SEQUENCES_TABLE}" first, or they start again. Otherwise: '
            )
    return ""


def _left_behind(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    """The table of django-sequences has numbers, and ours has none."""
    here = TableName.parse(conf.table())
    left = _left(connection, here)
    if left and not _count(connection, here):
        word = "sequence" if left == 1 else "sequences"
        yield checks.Error(
            f"Table {DJANGO_SEQUENCES_TABLE!r} of django-sequences has {left} {word} in "
            f"database {connection.alias!r}, and {str(here)!r} has none: numbers would start "
            "again at the first.",
            hint=f'ASEQ_TABLE = "{DJANGO_SEQUENCES_TABLE}", or python manage.py aseq '
            f"take-over-table {DJANGO_SEQUENCES_TABLE} --database={connection.alias}",
            id="aseq.E004",
        )


def _left(connection: BaseDatabaseWrapper, here: TableName) -> int:
    """How many sequences django-sequences has in its table, if that isn't ours."""
    if (
        here.name == DJANGO_SEQUENCES_TABLE
        or DJANGO_SEQUENCES_TABLE not in connection.introspection.table_names()
    ):
        return 0
    return _count(connection, TableName(DJANGO_SEQUENCES_TABLE))


def _count(connection: BaseDatabaseWrapper, table: TableName) -> int:
    with connection.cursor() as cursor:
        cursor.execute(dialect_of(connection).on_table(_COUNT, table))
        count: int = cursor.fetchone()[0]
        return count
