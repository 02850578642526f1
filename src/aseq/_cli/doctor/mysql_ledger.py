"""A ledger on MariaDB or MySQL: who keeps it, its guard, and what grants let past that."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from aseq._core.table import TableName
from aseq.ledger import grants_sql
from aseq.ledger._spec import DEFAULT_TABLE

from .answer import Answer, ok, unknown, warn

_TABLE = text("""\
SELECT engine FROM information_schema.tables
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name""")

_TRIGGERS = text("""\
SELECT event_manipulation FROM information_schema.triggers
WHERE event_object_schema = COALESCE(:schema, DATABASE()) AND event_object_table = :name
AND trigger_name LIKE CONCAT(REPLACE(:name, '_', '\\\\_'), '\\\\_guard\\\\_%')""")

# What is granted for a database may name it by a pattern.
_RIGHTS = text("""\
SELECT privilege_type, '*.*' FROM information_schema.user_privileges WHERE grantee = :me
UNION SELECT privilege_type, CONCAT(table_schema, '.*')
FROM information_schema.schema_privileges
WHERE grantee = :me AND COALESCE(:schema, DATABASE()) LIKE table_schema
UNION SELECT privilege_type, table_name FROM information_schema.table_privileges
WHERE grantee = :me AND table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name""")

_ME = text("SELECT CURRENT_USER()")

_PAST_THE_GUARD = frozenset(
    {"ALTER", "DROP", "TRIGGER", "SUPER", "BINLOG REPLAY", "REPLICATION_APPLIER"}
)


def ledger(connection: Connection, beside: str) -> Iterator[Answer]:
    """What is to be said of the ledger, if it is there.

    Args:
        connection: to the database.
        beside: the table of sequences: the ledger is looked for in its schema.
    """
    where = TableName(DEFAULT_TABLE, TableName.parse(beside).schema)
    engine = connection.execute(_TABLE, where._asdict()).scalar_one_or_none()
    if engine is None:
        return
    name = DEFAULT_TABLE if where.schema is None else f"{where.schema}.{DEFAULT_TABLE}"
    me = str(connection.execute(_ME).scalar_one())
    rights = _rights(connection, where, me)
    yield _engine(str(engine), name)
    yield _guard(connection, where, sees="TRIGGER" in rights)
    yield _grants(rights, me, name)


def _engine(engine: str, name: str) -> Answer:
    topic = "ledger's storage engine"
    if engine == "InnoDB":
        return ok(topic, "it is InnoDB")
    told = (
        f"it is {engine}, which knows no rollback: it keeps rows of numbers that are free again"
    )
    return warn(topic, told, f"ALTER TABLE {name} ENGINE=InnoDB;")


def _guard(connection: Connection, where: TableName, *, sees: bool) -> Answer:
    topic = "ledger's guard"
    found = {str(event) for (event,) in connection.execute(_TRIGGERS, where._asdict())}
    if found >= {"UPDATE", "DELETE"}:
        return ok(topic, "it is there")
    if not sees:
        return unknown(topic, "only who has the right TRIGGER sees it")
    told = "it isn't there, so rows can be changed and deleted"
    return warn(topic, told, "await ledger.create_guard(conn), or a migration")


def _rights(connection: Connection, where: TableName, me: str) -> dict[str, str]:
    """What the account may that gets past the guard, and for what that was granted."""
    user, _, host = me.rpartition("@")
    binds = {**where._asdict(), "me": f"'{user}'@'{host}'"}
    rows = connection.execute(_RIGHTS, binds)
    return {str(right): str(on) for right, on in rows if right in _PAST_THE_GUARD}


def _grants(rights: dict[str, str], me: str, name: str) -> Answer:
    topic = "ledger's grants"
    if not rights:
        return ok(topic, f"{me} has no right that gets past the guard (roles aren't looked at)")
    told = ", ".join(f"{right} on {on}" for right, on in sorted(rights.items()))
    paste = grants_sql(me, name, dialect="mysql").strip()
    return warn(
        topic,
        f"{me} has {told}: no trigger sees what that is good for. Give such rights to who runs "
        "the migrations, and to the application those to each table",
        paste,
    )
