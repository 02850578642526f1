"""Alembic: operations for revisions written by hand, and a filter for autogenerate.

Importing this module, in ``env.py`` for example, adds the operations to ``alembic.op``::

    def upgrade() -> None:
        op.create_aseq_sequence()

    def downgrade() -> None:
        op.drop_aseq_sequence()

A project that has the table in its metadata (`aseq.adapters.sqlalchemy.sequence_table`)
needs neither: autogenerate sees to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alembic.operations import MigrateOperation, Operations

from aseq._core.spec import DEFAULT_TABLE
from aseq._core.table import TableName

from .sqlalchemy import sequence_table


@Operations.register_operation("create_aseq_sequence")
class CreateSequenceTable(MigrateOperation):
    """``op.create_aseq_sequence(table="aseq_sequence")`` creates the table of sequences."""

    def __init__(self, table: str) -> None:
        TableName.parse(table)
        self.table = table

    @classmethod
    def create_aseq_sequence(cls, operations: Operations, table: str = DEFAULT_TABLE) -> None:
        """Create the table of sequences, "table" or "schema.table"."""
        operations.invoke(cls(table))

    def reverse(self) -> MigrateOperation:
        """Drop it."""
        return DropSequenceTable(self.table)


@Operations.register_operation("drop_aseq_sequence")
class DropSequenceTable(MigrateOperation):
    """``op.drop_aseq_sequence(table="aseq_sequence")`` drops it, with all its sequences."""

    def __init__(self, table: str) -> None:
        TableName.parse(table)
        self.table = table

    @classmethod
    def drop_aseq_sequence(cls, operations: Operations, table: str = DEFAULT_TABLE) -> None:
        """Drop the table of sequences, "table" or "schema.table"."""
        operations.invoke(cls(table))

    def reverse(self) -> MigrateOperation:
        """Create it."""
        return CreateSequenceTable(self.table)


@Operations.implementation_for(CreateSequenceTable)
def _create(operations: Operations, operation: CreateSequenceTable) -> None:
    operations.impl.create_table(_table(operations, operation.table))


@Operations.implementation_for(DropSequenceTable)
def _drop(operations: Operations, operation: DropSequenceTable) -> None:
    operations.impl.drop_table(_table(operations, operation.table))


def _table(operations: Operations, table: str) -> Any:
    return sequence_table(operations.schema_obj.metadata(), table)


def include_name(table: str = DEFAULT_TABLE) -> Callable[[str | None, str, Any], bool]:
    """An `include_name` for Alembic's `context.configure` that leaves our table alone.

    For projects that create the table in some other way and don't have it in their
    metadata: autogenerate would propose to drop it.

    Args:
        table: the table to leave alone, "table" or "schema.table".
    """
    ours = TableName.parse(table)

    def include(name: str | None, kind: str, parent_names: Any) -> bool:
        schema = parent_names.get("schema_name")
        return (kind, name, schema) != ("table", ours.name, ours.schema)

    return include
