"""Operations for the ledger: its table, and its guard.

    def upgrade() -> None:
        op.create_aseq_ledger()  # or (table="schema.table", guard=False)

    def downgrade() -> None:
        op.drop_aseq_ledger()

Where the application's metadata has the table (`aseq.sqlalchemy.ledger_table`), autogenerate
creates it, and only the guard is left: ``op.create_aseq_ledger_guard()``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alembic.operations import MigrateOperation, Operations
from sqlalchemy import text

from aseq._core.table import TableName
from aseq.ledger._migrations import (
    DEFAULT_TABLE,
    advised,
    as_script,
    creating,
    dropping,
    dropping_guard,
    guarding,
)

from ._servers import find_dialect


@dataclass
class _OnLedger(MigrateOperation):
    table: str
    guard: bool = True

    @classmethod
    def invoke(
        cls, operations: Operations, table: str = DEFAULT_TABLE, *, guard: bool = True
    ) -> None:
        """Create or drop the ledger's table, "table" or "schema.table", with its guard."""
        operations.invoke(cls(table, guard))


@Operations.register_operation("create_aseq_ledger", "invoke")
class CreateLedgerTable(_OnLedger):
    """Creates the ledger's table, and its guard unless told otherwise."""

    def reverse(self) -> MigrateOperation:
        """Drop it."""
        return DropLedgerTable(self.table, self.guard)


@Operations.register_operation("drop_aseq_ledger", "invoke")
class DropLedgerTable(_OnLedger):
    """Drops the ledger's table with all that is in it, and its guard."""

    def reverse(self) -> MigrateOperation:
        """Create it."""
        return CreateLedgerTable(self.table, self.guard)


@Operations.register_operation("create_aseq_ledger_guard", "invoke")
class CreateLedgerGuard(_OnLedger):
    """Creates the guard alone."""

    def reverse(self) -> MigrateOperation:
        """Drop it."""
        return DropLedgerGuard(self.table)


@Operations.register_operation("drop_aseq_ledger_guard", "invoke")
class DropLedgerGuard(_OnLedger):
    """Drops the guard alone."""

    def reverse(self) -> MigrateOperation:
        """Create it."""
        return CreateLedgerGuard(self.table)


@Operations.implementation_for(CreateLedgerTable)
def _create(operations: Operations, operation: CreateLedgerTable) -> None:
    texts = creating(_dialect(operations), _table(operation), guard=operation.guard)
    _execute(operations, texts)


@Operations.implementation_for(DropLedgerTable)
def _drop(operations: Operations, operation: DropLedgerTable) -> None:
    _execute(operations, dropping(_dialect(operations), _table(operation)))


@Operations.implementation_for(CreateLedgerGuard)
def _create_guard(operations: Operations, operation: CreateLedgerGuard) -> None:
    _execute(operations, guarding(_dialect(operations), _table(operation)))


@Operations.implementation_for(DropLedgerGuard)
def _drop_guard(operations: Operations, operation: DropLedgerGuard) -> None:
    _execute(operations, dropping_guard(_dialect(operations), _table(operation)))


def _table(operation: _OnLedger) -> TableName:
    return TableName.parse(operation.table)


def _dialect(operations: Operations) -> str:
    dialect = find_dialect(operations.impl.dialect)
    return str(operations.impl.dialect.name) if dialect is None else dialect.name


def _execute(operations: Operations, texts: Iterable[str]) -> None:
    if operations.get_context().as_sql:
        for sql in as_script(_dialect(operations), texts):
            operations.get_context().impl.static_output(sql)
        return
    for sql in texts:
        with advised():
            operations.execute(text(sql.replace(":", r"\:")))
