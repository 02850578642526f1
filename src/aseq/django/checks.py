"""System checks. A missing table is never an error: `migrate` runs the checks first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._core.table import TableName
from aseq.errors import InvalidSequence

from . import conf, sync
from .connection import DIALECTS
from .errors import SequenceTableMissing


@checks.register("aseq")
def check_settings(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """aseq.E001, E002 and E003: a setting can't work."""
    return [*_table_setting(), *_transaction_setting(), *_blocks_setting()]


def _table_setting() -> Iterator[checks.CheckMessage]:
    try:
        TableName.parse(conf.table())
    except InvalidSequence as exc:
        yield checks.Error(
            f"ASEQ_TABLE {exc.problem}.",
            hint='ASEQ_TABLE = "aseq_sequence"',
            id="aseq.E001",
        )


def _transaction_setting() -> Iterator[checks.CheckMessage]:
    required = conf.require_transaction()
    if not isinstance(required, bool):
        yield checks.Error(
            f"ASEQ_REQUIRE_TRANSACTION must be True or False, not {required!r}.",
            hint="ASEQ_REQUIRE_TRANSACTION = True",
            id="aseq.E002",
        )


def _blocks_setting() -> Iterator[checks.CheckMessage]:
    try:
        conf.max_blocks()
    except ImproperlyConfigured as exc:
        yield checks.Error(str(exc), hint="ASEQ_MAX_BLOCKS = 20", id="aseq.E003")


@checks.register("aseq", checks.Tags.database)
def check_databases(
    app_configs: Sequence[AppConfig] | None,
    databases: Iterable[str] | None = None,
    **kwargs: Any,
) -> list[checks.CheckMessage]:
    """aseq.W001, W002 and W003: drawing on a database may fail, or can't work."""
    from .models import Sequence as SequenceModel

    return [
        message
        for alias in databases or ()
        if router.allow_migrate_model(alias, SequenceModel)
        for message in _database(connections[alias])
    ]


def _database(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    if connection.vendor == "sqlite":
        yield from _transaction_mode(connection)
    if connection.vendor == "postgresql":
        yield from _isolation_level(connection)
    if connection.vendor in DIALECTS:
        yield from _table(connection)


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
    except SequenceTableMissing as exc:
        yield checks.Warning(
            f"Table {exc.table!r} doesn't exist in database {alias!r}.",
            hint=f"python manage.py migrate --database={alias}",
            id="aseq.W003",
        )
    except (Error, InvalidSequence):
        pass  # the database can't be reached or read, or ASEQ_TABLE is aseq.E001
