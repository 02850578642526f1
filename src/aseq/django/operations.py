"""The migration operation that creates the table, as every other way of making it does."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from aseq._core.table import TableName

from . import conf
from ._servers import find_dialect


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
