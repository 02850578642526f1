"""Triggers that let the ledger only grow, as statements.

They stand behind the statement, not before it: what a later trigger changes in the row would
pass a guard that looks before. Only a void passes, and only once. On SQLite, REPLACE deletes
the row that is in its way without a trigger, so an INSERT of what is there is refused, too.

Who owns the table can drop them, so they guard against mistakes, and against roles that
don't own it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from aseq._core.scripts import Plan, say, statements
from aseq._core.statement import Script, Template
from aseq._core.table import TableName

from . import _guard_innodb
from ._ddl import checked, on

_KEPT = (
    *("series", "sequence", "number", "text", "document_key"),
    *("at", "issued_at", "issued_by", "note"),
)
VOID = ("state", "voided_at", "voided_by", "void_reason")
"""The columns that a void writes."""


def _kept(row: str) -> str:
    return ", ".join(f"{row}.{name}" for name in _KEPT)


_FUNCTION = f"""\
CREATE OR REPLACE FUNCTION $guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.state = 'issued' AND NEW.state = 'void'
            AND ({_kept("OLD")})
            IS NOT DISTINCT FROM ({_kept("NEW")})
        THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE =
        'the ledger ' || TG_TABLE_NAME || ' only grows: ' || TG_OP || ' refused';
END $$"""

_POSTGRESQL = (
    _FUNCTION,
    "DROP TRIGGER IF EXISTS ${bare}_guard ON $table",
    (
        "CREATE TRIGGER ${bare}_guard AFTER UPDATE OR DELETE ON $table\n"
        "FOR EACH ROW EXECUTE FUNCTION $guard()"
    ),
    "DROP TRIGGER IF EXISTS ${bare}_guard_all ON $table",
    (
        "CREATE TRIGGER ${bare}_guard_all BEFORE TRUNCATE ON $table\n"
        "FOR EACH STATEMENT EXECUTE FUNCTION $guard()"
    ),
    # Also where session_replication_role says that triggers don't run.
    "ALTER TABLE $table ENABLE ALWAYS TRIGGER ${bare}_guard",
    "ALTER TABLE $table ENABLE ALWAYS TRIGGER ${bare}_guard_all",
)
_DROP_POSTGRESQL = (
    "DROP TRIGGER IF EXISTS ${bare}_guard ON $table",
    "DROP TRIGGER IF EXISTS ${bare}_guard_all ON $table",
    "DROP FUNCTION IF EXISTS $guard()",
)

_SAME = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)
_SQLITE = (
    """\
CREATE TRIGGER IF NOT EXISTS ${guard}_delete AFTER DELETE ON "${bare}"
BEGIN
    SELECT RAISE(ABORT, '${bare} only grows: DELETE refused');
END""",
    f"""\
CREATE TRIGGER IF NOT EXISTS ${{guard}}_update AFTER UPDATE ON "${{bare}}"
WHEN NOT (OLD.state = 'issued' AND NEW.state = 'void'
    AND {_SAME})
BEGIN
    SELECT RAISE(ABORT, '${{bare}} only grows: UPDATE refused');
END""",
    """\
CREATE TRIGGER IF NOT EXISTS ${guard}_insert BEFORE INSERT ON "${bare}"
WHEN EXISTS (
    SELECT 1 FROM "${bare}" WHERE sequence = NEW.sequence AND number = NEW.number
    UNION ALL
    SELECT 1 FROM "${bare}" WHERE series = NEW.series AND document_key = NEW.document_key
)
BEGIN
    SELECT RAISE(ABORT, '${bare} only grows: it has this number or key');
END""",
)
_DROP_SQLITE = tuple(
    f"DROP TRIGGER IF EXISTS ${{guard}}_{event}" for event in ("delete", "update", "insert")
)

_CREATE = {
    "mariadb": _guard_innodb.on_mariadb(_KEPT),
    "mysql": _guard_innodb.on_mysql(_KEPT),
    "postgresql": _POSTGRESQL,
    "sqlite": _SQLITE,
}
_ENDED: Mapping[str, Callable[[str], str]] = {
    "mariadb": _guard_innodb.delimited,
    "mysql": _guard_innodb.delimited,
    "postgresql": "{};\n".format,
    "sqlite": "{};\n".format,
}
_DROP = {
    "mariadb": _guard_innodb.DROP,
    "mysql": _guard_innodb.DROP,
    "postgresql": _DROP_POSTGRESQL,
    "sqlite": _DROP_SQLITE,
}


def creating(dialect: str, table: TableName) -> tuple[str, ...]:
    """The statements that create the guard, or make it again.

    Raises:
        InvalidSequence: the ledger doesn't know the dialect.
    """
    return tuple(_on(dialect, each, table) for each in _CREATE[checked(dialect)])


def dropping(dialect: str, table: TableName) -> tuple[str, ...]:
    """The statements that drop the guard.

    Raises:
        InvalidSequence: the ledger doesn't know the dialect.
    """
    return tuple(_on(dialect, each, table) for each in _DROP[checked(dialect)])


def _on(dialect: str, text: str, table: TableName) -> str:
    guard = on(dialect, "$table", TableName(f"{table.name}_guard", table.schema))
    # Behind the braces is the rest of a name, where there are several.
    text = re.sub(r"\$\{guard\}(_\w+)", lambda found: guard[:-1] + found[1] + guard[-1], text)
    return on(dialect, text.replace("$guard", guard), table)


def as_script(dialect: str, texts: Iterable[str]) -> Iterator[str]:
    """Statements for a script, each with what ends it."""
    return (_ENDED[dialect](text) for text in texts)


def create(dialect: str, table: TableName) -> Plan[None]:
    """Create the guard, or make it again."""
    yield from _run(creating(dialect, table), table)


def drop(dialect: str, table: TableName) -> Plan[None]:
    """Drop the guard, if it is there."""
    yield from _run(dropping(dialect, table), table)


def _run(texts: tuple[str, ...], table: TableName) -> Plan[None]:
    """Run statements that have their table already."""
    script: Script = tuple(Template(text, reads=True) for text in texts)
    yield from say(statements(script, table, {}))


def create_guard_sql(dialect: str, table: str = "aseq_ledger", /) -> str:
    """The statements that create the ledger's guard, for hand-written migrations.

    Args:
        dialect: which database it is for, "mariadb", "mysql", "postgresql" or "sqlite".
        table: the ledger's, "table" or "schema.table".

    Returns:
        the statements, each with a semicolon and a line end. For MariaDB and MySQL, a
        DELIMITER stands around one that has semicolons, as their command-line clients need it.

    Raises:
        InvalidSequence: not a valid table name, or an unknown dialect.
    """
    return "".join(as_script(dialect, creating(dialect, TableName.parse(table))))
