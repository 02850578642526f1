"""The migration operations that create our tables, as every other way of making them does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import migrations, router
from django.db.migrations.operations.base import Operation

from aseq._core.table import TableName
from aseq.ledger._migrations import DEFAULT_TABLE, advised, as_script, creating, dropping

from . import conf
from ._servers import dialect_of, find_dialect


class CreateSequenceTable(migrations.CreateModel):
    """CreateModel with aseq's own DDL: its checks, and its storage settings on PostgreSQL."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Create the table, where the routers allow it."""
        model = to_state.apps.get_model(app_label, self.name)
        connection = schema_editor.connection
        dialect = find_dialect(connection)
        if dialect is None:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(connection.alias, model):
            table = TableName.parse(conf.table())
            schema_editor.execute(dialect.ddl(table), params=None)


class CreateLedgerTable(Operation):
    """Creates the ledger's table and its guard, in a migration of the project's own.

        operations = [CreateLedgerTable()]

    There is no model for it: Django's flush leaves it alone, as it should.

    Args:
        table: the ledger's, "table" or "schema.table".
        guard: whether to create its guard.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str = DEFAULT_TABLE, guard: bool = True) -> None:
        self.table, self.guard = table, guard

    def state_forwards(self, app_label: str, state: Any) -> None:
        """There is no model."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Create the table, where the routers allow it."""
        if self._is_allowed(app_label, schema_editor):
            dialect = dialect_of(schema_editor.connection).name
            texts = creating(dialect, TableName.parse(self.table), guard=self.guard)
            _execute(schema_editor, dialect, texts)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Drop the table with all that is in it."""
        if self._is_allowed(app_label, schema_editor):
            dialect = dialect_of(schema_editor.connection).name
            _execute(schema_editor, dialect, dropping(dialect, TableName.parse(self.table)))

    def _is_allowed(self, app_label: str, schema_editor: Any) -> bool:
        alias = schema_editor.connection.alias
        return bool(router.allow_migrate(alias, app_label, aseq_ledger=self.table))

    def describe(self) -> str:
        """What it does, as `migrate` says it."""
        return f"Create ledger {self.table}"


def _execute(schema_editor: Any, dialect: str, texts: Iterable[str]) -> None:
    if schema_editor.collect_sql:
        schema_editor.collected_sql += (each.rstrip("\n") for each in as_script(dialect, texts))
        return
    for sql in texts:
        with advised():
            schema_editor.execute(sql, params=None)
