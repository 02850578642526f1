"""Alembic: operations for revisions written by hand, and a filter for autogenerate.

Importing this module, in ``env.py`` for example, adds the operations to ``alembic.op``:

    def upgrade() -> None:
        op.create_aseq_sequence()  # or (table="schema.table")

    def downgrade() -> None:
        op.drop_aseq_sequence()

With the table in the application's metadata (`aseq.sqlalchemy.sequence_table`)
neither is needed: autogenerate sees to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alembic.operations import MigrateOperation, Operations

from aseq._core.spec import DEFAULT_TABLE
from aseq._core.table import TableName

from .sqlalchemy import sequence_table


@dataclass
class _OnTable(MigrateOperation):
    table: str

    @classmethod
    def invoke(cls, operations: Operations, table: str = DEFAULT_TABLE) -> None:
        """Create or drop the table of sequences, "table" or "schema.table"."""
        operations.invoke(cls(table))

    def to_table(self, operations: Operations) -> Any:
        return sequence_table(operations.schema_obj.metadata(), self.table)


@Operations.register_operation("create_aseq_sequence", "invoke")
class CreateSequenceTable(_OnTable):
    """Creates the table of sequences."""

    def reverse(self) -> MigrateOperation:
        """Drop it."""
        return DropSequenceTable(self.table)


@Operations.register_operation("drop_aseq_sequence", "invoke")
class DropSequenceTable(_OnTable):
    """Drops the table of sequences, with all of them."""

    def reverse(self) -> MigrateOperation:
        """Create it."""
        return CreateSequenceTable(self.table)


@Operations.implementation_for(CreateSequenceTable)
def _create(operations: Operations, operation: CreateSequenceTable) -> None:
    operations.impl.create_table(operation.to_table(operations))


@Operations.implementation_for(DropSequenceTable)
def _drop(operations: Operations, operation: DropSequenceTable) -> None:
    operations.impl.drop_table(operation.to_table(operations))


def include_name(table: str = DEFAULT_TABLE) -> Callable[[str | None, str, Any], bool]:
    """An `include_name` for Alembic's `context.configure` that leaves our table alone.

    For projects that create the table in some other way and don't have it in their
    metadata: autogenerate would propose to drop it.

    Args:
        table: "table" or "schema.table".

    Returns:
        a function that is true of everything else.

    Raises:
        InvalidSequence: not a valid table name.
    """
    ours = TableName.parse(table)

    def include(name: str | None, kind: str, parent_names: Any) -> bool:
        schema = parent_names.get("schema_name")
        return (kind, name, schema) != ("table", ours.name, ours.schema)

    return include
