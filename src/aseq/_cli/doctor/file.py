"""A database of SQLite's: the table, and how the file is written."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, inspect

from aseq._core.spec import DJANGO_SEQUENCES_TABLE
from aseq._core.table import TableName

from .answer import Answer, ok, unknown, warn


def file(connection: Connection, name: str) -> Iterator[Answer]:
    """What is to be said of the file."""
    yield from _table(connection, name)
    yield _journal(connection)
    told = "each connection has its own, by default FULL; OFF can lose numbers in a power cut"
    yield unknown("synchronous", told, "PRAGMA synchronous;")


def _table(connection: Connection, name: str) -> Iterator[Answer]:
    look = inspect(connection)
    parsed = TableName.parse(name)
    if not look.has_table(parsed.name, schema=parsed.schema):
        yield warn("table", f"there is no table {name}", f"aseq create --table {name}")
        return
    columns = [each["name"] for each in look.get_columns(parsed.name, schema=parsed.schema)]
    missing = [column for column in ("name", "last") if column not in columns]
    if missing:
        told = f"{name} isn't a table of sequences: it has no column {missing[0]!r}"
        yield warn("table", told, f"aseq ddl sqlite --table {name}")
        return
    yield ok("table", f"{name} is there, with its columns")
    key = look.get_pk_constraint(parsed.name, schema=parsed.schema)["constrained_columns"]
    constraints = look.get_unique_constraints(parsed.name, schema=parsed.schema)
    indexes = look.get_indexes(parsed.name, schema=parsed.schema)
    unique = [*constraints, *(each for each in indexes if each["unique"])]
    if ["name"] in [key, *(each["column_names"] for each in unique)]:
        yield ok("primary key", "name is unique")
    else:
        told = "name isn't unique, so no draw can work"
        paste = f"CREATE UNIQUE INDEX {parsed.name}_key ON {parsed.name} (name);"
        yield warn("primary key", told, paste)
    if look.has_table(DJANGO_SEQUENCES_TABLE) and parsed.name != DJANGO_SEQUENCES_TABLE:
        told = f"its table {DJANGO_SEQUENCES_TABLE} is here, too: each counts for itself"
        paste = f"aseq take-over-table {DJANGO_SEQUENCES_TABLE}"
        yield warn("django-sequences", told, paste)


def _journal(connection: Connection) -> Answer:
    topic = "journal mode"
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    if mode == "wal":
        return ok(topic, "it is WAL")
    if mode in ("off", "memory"):
        told = f"it is {mode.upper()}: a crash can destroy the file"
    else:
        told = f"it is {mode.upper()}: whoever reads keeps others from writing, and draws wait"
    return warn(topic, told, "PRAGMA journal_mode = WAL;")
