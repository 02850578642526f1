"""A database of MariaDB's or MySQL's: the table, and what the server does to those who draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from aseq._core.dialects.servers import COLLATIONS
from aseq._core.spec import DEFAULT_TABLE, DJANGO_SEQUENCES_TABLE
from aseq._core.table import TableName

from .answer import Answer, ok, triggers, warn

_TABLE = text("""\
SELECT engine, table_type FROM information_schema.tables
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name""")

_COLUMNS = text("""\
SELECT column_name, column_type, collation_name, extra FROM information_schema.columns
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name""")

_KEYS = text("""\
SELECT GROUP_CONCAT(column_name) FROM information_schema.statistics
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name AND non_unique = 0
GROUP BY index_name""")

_TRIGGERS = text("""\
SELECT trigger_name FROM information_schema.triggers
WHERE event_object_schema = COALESCE(:schema, DATABASE()) AND event_object_table = :name
ORDER BY trigger_name""")

_VARIABLES = text("SHOW VARIABLES")


def table(connection: Connection, name: str) -> Iterator[Answer]:
    """What is to be said of the table."""
    where = TableName.parse(name)._asdict()
    found = connection.execute(_TABLE, where).one_or_none()
    if found is None:
        yield warn("table", f"there is no table {name}", f"aseq create --table {name}")
        return
    engine, kind = found
    columns = {
        column: (type_, collation, extra)
        for column, type_, collation, extra in connection.execute(_COLUMNS, where)
    }
    missing = [column for column in ("name", "last") if column not in columns]
    if missing or kind != "BASE TABLE":
        what = f"it has no column {missing[0]!r}" if missing else "it has no rows of its own"
        paste = _ddl(connection, name)
        yield warn("table", f"{name} isn't a table of sequences: {what}", paste)
        return
    yield ok("table", f"{name} is there, with its columns")
    yield _key("name" in connection.execute(_KEYS, where).scalars().all(), name)
    yield _engine(engine, name)
    yield _collation(connection, str(columns["name"][1]), name)
    yield from _last(columns["last"][0], name)
    extras = {column: extra for column, (_, _, extra) in columns.items()}
    yield from _own_id(connection, extras, name)
    yield triggers(connection.execute(_TRIGGERS, where).scalars().all())
    yield _shared(connection, where["name"])


def _key(unique: bool, name: str) -> Answer:
    if unique:
        return ok("primary key", "name is unique")
    told = "name isn't unique: each draw would make a row, and the same number would come again"
    return warn("primary key", told, f"ALTER TABLE {name} ADD PRIMARY KEY (name);")


def _engine(engine: str, name: str) -> Answer:
    if engine == "InnoDB":
        return ok("storage engine", "it is InnoDB")
    told = f"it is {engine}, which knows no rollback: what was rolled back leaves a hole"
    return warn("storage engine", told, f"ALTER TABLE {name} ENGINE=InnoDB;")


def _ddl(connection: Connection, name: str) -> str:
    dialect: Any = connection.dialect
    server = "mariadb" if dialect.is_mariadb else "mysql"
    return f"aseq ddl {server} --table {name}"


def _collation(connection: Connection, collation: str, name: str) -> Answer:
    topic = "collation"
    if collation in COLLATIONS:
        return ok(topic, f"it is {collation}, which keeps names apart")
    told = f"it is {collation}, which takes some names for the same: such a draw is refused"
    return warn(topic, told, _ddl(connection, name))


def _last(kind: str, name: str) -> Iterator[Answer]:
    if not kind.startswith("bigint"):
        told = f"last is {kind}: numbers beyond what it holds can't be drawn"
        yield warn("column", told, f"ALTER TABLE {name} MODIFY last bigint NOT NULL;")


def _own_id(connection: Connection, extras: Mapping[str, str], name: str) -> Iterator[Answer]:
    """What MySQL would answer a draw with, instead of the number."""
    dialect: Any = connection.dialect
    for column, extra in extras.items():
        if "auto_increment" in extra and not dialect.is_mariadb:
            told = f"{column} has AUTO_INCREMENT: the first draw of a new sequence is refused"
            yield warn("column", told, f"ALTER TABLE {name} DROP COLUMN {column};")


def _shared(connection: Connection, name: str) -> Answer:
    topic, theirs = "django-sequences", DJANGO_SEQUENCES_TABLE
    if name == theirs:
        return ok(topic, "the table is shared with it: both give the same numbers")
    if connection.execute(_TABLE, {"schema": None, "name": theirs}).one_or_none() is None:
        return ok(topic, "its table isn't here")
    told = f"its table {theirs} is here, too: each counts for itself"
    extra = "" if name == DEFAULT_TABLE else f" --table {name}"
    return warn(topic, told, f"aseq take-over-table {theirs}{extra}")


def server(connection: Connection) -> Iterator[Answer]:
    """What is to be said of the server."""
    settings = {str(name): str(value) for name, value in connection.execute(_VARIABLES)}
    yield _primary(settings)
    yield _isolation(settings)
    yield _snapshots(settings)
    yield from _lock_timeout(settings)
    yield _flushed(settings)
    yield _binlog(settings)


def _primary(settings: Mapping[str, str]) -> Answer:
    version = settings["version"]
    if settings["read_only"] == "OFF":
        return ok("server", f"it is {version}, and may be written to")
    return warn(
        "server", f"it is {version}, and read_only: nobody can draw", "name the primary"
    )


def _isolation(settings: Mapping[str, str]) -> Answer:
    level = settings.get("transaction_isolation", settings.get("tx_isolation", ""))
    said = level.replace("-", " ")
    if level != "SERIALIZABLE":
        return ok("isolation level", f"it is {said} by default, and all but SERIALIZABLE do")
    told = (
        "it is SERIALIZABLE by default: whoever has looked at a sequence keeps others waiting"
    )
    paste = "SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
    return warn("isolation level", told, paste)


def _snapshots(settings: Mapping[str, str]) -> Answer:
    topic = "innodb_snapshot_isolation"
    value = settings.get(topic)
    if value != "ON":
        return ok(topic, "it is OFF" if value else "this server doesn't have it")
    return ok(topic, "it is ON; for the length of a draw, aseq turns it off")


def _lock_timeout(settings: Mapping[str, str]) -> Iterator[Answer]:
    topic = "innodb_lock_wait_timeout"
    seconds = settings[topic]
    yield ok(topic, f"it is {seconds} s: a longer wait for a number ends with SequenceLocked")
    topic = "innodb_rollback_on_timeout"
    if settings[topic] == "OFF":
        yield ok(topic, "it is OFF: after such a wait, the transaction goes on")
        return
    told = "it is ON: such a wait ends the whole transaction, and aseq closes the connection"
    yield warn(topic, told, "in the server's configuration: innodb_rollback_on_timeout = OFF")


def _flushed(settings: Mapping[str, str]) -> Answer:
    topic = "innodb_flush_log_at_trx_commit"
    value = settings[topic]
    if value in ("1", "3"):
        return ok(topic, f"it is {value}: what is committed is on disk")
    told = f"it is {value}: a crash takes back the last numbers, and they are given again"
    return warn(topic, told, f"SET GLOBAL {topic} = 1;")


def _binlog(settings: Mapping[str, str]) -> Answer:
    topic = "sync_binlog"
    if settings["log_bin"] == "OFF":
        return ok(topic, "there is no binary log")
    value = settings[topic]
    if value == "1":
        return ok(topic, "it is 1: what is committed is in the binary log")
    told = f"it is {value}: after a crash, replicas may lack the last numbers, and repeat them"
    return warn(topic, told, f"SET GLOBAL {topic} = 1;")
