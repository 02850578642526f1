"""Checks of the table on MariaDB and MySQL, which know tables that nothing rolls back."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._core.table import TableName
from aseq.django import conf
from aseq.django._servers import dialect_of


def check(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    """aseq.E010 and E011."""
    table = TableName.parse(conf.table())
    where = f"table {str(table)!r} in database {connection.alias!r}"
    quoted = dialect_of(connection).on_table("$table", table)
    yield from _engine(connection, table, where, quoted)
    yield from _own_id(connection, table, where, quoted)


def _engine(
    connection: BaseDatabaseWrapper, table: TableName, where: str, quoted: str
) -> Iterator[checks.CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT engine FROM information_schema.tables "
            "WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s",
            [table.schema, table.name],
        )
        [engine] = cursor.fetchone() or ["InnoDB"]
    if engine == "InnoDB":
        return
    problem = (
        f"kept by {engine}, which knows no transactions: a number that is drawn and rolled "
        "back leaves a gap"
    )
    hint = f"ALTER TABLE {quoted} ENGINE=InnoDB"
    if engine is None:
        problem = (
            "a view: which engine keeps its rows, and so whether it knows a rollback, the "
            "server doesn't tell"
        )
        hint = "ASEQ_TABLE must name the table itself"
    yield checks.Error(
        f"{where[:1].upper()}{where[1:]} is {problem}.", hint=hint, id="aseq.E010"
    )


def _own_id(
    connection: BaseDatabaseWrapper, table: TableName, where: str, quoted: str
) -> Iterator[checks.CheckMessage]:
    asked = dialect_of(connection).own_id
    if not asked:
        return
    with connection.cursor() as cursor:
        cursor.execute(asked, [table.schema or "", table.name])
        found = cursor.fetchone()
    if found is not None:
        yield checks.Error(
            f"Column {found[0]!r} of {where} has AUTO_INCREMENT. MySQL answers the first draw "
            "of a sequence with its value, and not with the number, so that draw is refused.",
            hint=f"ALTER TABLE {quoted} DROP COLUMN `{found[0]}`",
            id="aseq.E011",
        )
