"""System checks. A missing table is never an error: `migrate` runs the checks first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import DatabaseError, connections

from aseq._core.table import TableName
from aseq.errors import InvalidSequence

from . import conf


@register("aseq")
def check_table_setting(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> Iterable[CheckMessage]:
    """aseq.E001: `ASEQ_TABLE` isn't a table's name."""
    try:
        TableName.parse(conf.table())
    except InvalidSequence as exc:
        return [
            Error(
                f"ASEQ_TABLE {exc.problem}.",
                hint='Remove the setting, or for example: ASEQ_TABLE = "aseq_sequence"',
                id="aseq.E001",
            )
        ]
    return []


@register("aseq", Tags.database)
def check_databases(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> Iterable[CheckMessage]:
    """aseq.W001, W002, W003: what makes numbers slow, fail, or impossible on a database."""
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor == "sqlite":
            yield from _sqlite_begins(alias, connection)
        if connection.vendor == "postgresql":
            yield from _isolation(alias, connection)
        yield from _table(alias, connection)


def _sqlite_begins(alias: str, connection: Any) -> Iterable[CheckMessage]:
    options = connection.settings_dict["OPTIONS"]
    if str(options.get("transaction_mode", "")).upper() in ("IMMEDIATE", "EXCLUSIVE"):
        return
    yield Warning(
        f"Transactions on the SQLite database {alias!r} can fail with 'database is locked' "
        "when they read first and draw a number later.",
        hint=f'DATABASES["{alias}"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE"',
        id="aseq.W001",
    )


def _isolation(alias: str, connection: Any) -> Iterable[CheckMessage]:
    level = connection.settings_dict["OPTIONS"].get("isolation_level")
    # psycopg's IsolationLevel: 1 READ UNCOMMITTED, 2 READ COMMITTED, 3 and 4 above.
    if level is None or int(level) < _REPEATABLE_READ:
        return
    yield Warning(
        f"On database {alias!r}, whoever waits for a number fails with a serialization "
        "error: its isolation level is above READ COMMITTED.",
        hint=f'Remove DATABASES["{alias}"]["OPTIONS"]["isolation_level"], or retry the '
        "whole transaction when aseq.is_retryable(exc) says so.",
        id="aseq.W002",
    )


def _table(alias: str, connection: Any) -> Iterable[CheckMessage]:
    table = conf.table()
    try:
        Sequence.objects.using(alias).exists()
    except DatabaseError:
        yield Warning(
            f"Table {table!r} doesn't exist in database {alias!r}, or can't be read.",
            hint=f"manage.py migrate --database={alias} aseq",
            id="aseq.W003",
        )
