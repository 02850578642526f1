"""The migration operation that creates the table, as every other way of making it does."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from aseq._core.dialects import DIALECTS
from aseq._core.statement import on_table
from aseq._core.table import TableName


class CreateSequenceTable(migrations.CreateModel):
    """CreateModel with aseq's own DDL: its checks, and its storage settings on PostgreSQL."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        dialect = DIALECTS.get(schema_editor.connection.vendor)
        if dialect is None or not self.allow_migrate_model(
            schema_editor.connection.alias, model
        ):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        table = TableName.parse(model._meta.db_table.replace('"', ""))
        schema_editor.execute(on_table(dialect.create[-1], table), params=None)

    def describe(self) -> str:
        return "Create the table of gapless sequences"
