"""Operations for Tortoise's migrations."""

from __future__ import annotations

from typing import Any

from tortoise.migrations.operations import CreateModel

from aseq._core.dialects import DIALECTS
from aseq._core.spec import DEFAULT_TABLE
from aseq._core.table import TableName

from .models import LastField, NameField, Sequence

# Where Tortoise has a name of its own for a dialect.
_NAMES = {"postgres": "postgresql"}


class CreateSequenceTable(CreateModel):
    """Creates the table of sequences, exactly as `aseq.create_table` does.

    As a `CreateModel` of the model `Sequence`, it leaves nothing for `makemigrations`.
    """

    def __init__(self) -> None:
        fields: list[tuple[str, Any]] = [
            ("name", NameField(primary_key=True, unique=True, db_index=True)),
            ("last_value", LastField(source_field="last")),
        ]
        described = {"table_description": Sequence._meta.table_description}
        options = {"table": DEFAULT_TABLE, "app": "aseq", "pk_attr": "name", **described}
        super().__init__("Sequence", fields, options, ["Model"])

    async def database_forward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        """Run the statement of the database's own dialect."""
        if state_editor is not None:
            name = str(state_editor.client.capabilities.dialect)
            dialect = DIALECTS[_NAMES.get(name, name)]
            await state_editor._run_sql(dialect.ddl(TableName.parse(DEFAULT_TABLE)) + ";")
