"""Which dialect the database of an alias speaks: what its server says it is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._core.dialects import KNOWN, POSTGRESQL, SQLITE, Dialect, by_greeting
from aseq.errors import UnsupportedConnection

_BUSY = (
    "SQLite has one writer at a time, and another connection is writing (database is "
    'locked). Roll back and try again. With OPTIONS["transaction_mode"] = "IMMEDIATE" in '
    'DATABASES, transactions wait for their turn instead of failing; "timeout" there says '
    "how long"
)

# By Django's `connection.vendor`.
_DIALECTS = {"postgresql": POSTGRESQL, "sqlite": replace(SQLITE, busy=_BUSY)}

_by_greeting = lru_cache(by_greeting)

_INSTEAD = f"use PostgreSQL, SQLite, or what aseq knows besides: {KNOWN}"


def dialect_of(connection: BaseDatabaseWrapper) -> Dialect:
    """The dialect of a connection. MariaDB and MySQL are asked once for each, as by Django.

    Raises:
        UnsupportedConnection: no dialect knows its database.
    """
    dialect = find_dialect(connection)
    if dialect is None:
        raise UnsupportedConnection(
            f"the {_spoken(connection)} database {connection.alias!r}", _INSTEAD
        )
    return dialect


def find_dialect(connection: BaseDatabaseWrapper) -> Dialect | None:
    """The dialect of a connection; None if no dialect knows its database."""
    if connection.vendor == "mysql":
        if "mysql_server_data" not in vars(connection):  # Django would connect for that alone
            connection.ensure_connection()
        return _by_greeting(connection.mysql_server_info)
    return _DIALECTS.get(connection.vendor)


def _spoken(connection: BaseDatabaseWrapper) -> str:
    """What the database is."""
    if connection.vendor != "mysql":
        return str(connection.vendor)
    name = "MariaDB" if connection.mysql_is_mariadb else "MySQL"
    return f"{name} {'.'.join(map(str, connection.mysql_version))}"
