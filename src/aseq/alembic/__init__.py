"""Alembic: operations for revisions written by hand, and a filter for autogenerate.

Importing this module, in ``env.py`` for example, adds the operations to ``alembic.op``:

    def upgrade() -> None:
        op.create_aseq_sequence()  # or (table="schema.table")

    def downgrade() -> None:
        op.drop_aseq_sequence()

A sequence goes on after numbers that are there already with one of

        op.advance_aseq_sequence("invoices", 4711)
        op.advance_aseq_sequence("invoices", column="invoice.number")

With the table in the application's metadata (`aseq.sqlalchemy.sequence_table`)
neither is needed: autogenerate takes care of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alembic.operations import MigrateOperation, Operations
from sqlalchemy import text

from aseq._columns import ColumnName, column_name
from aseq._core import plans
from aseq._core.dialects import DIALECTS, Dialect
from aseq._core.spec import DEFAULT_TABLE, SequenceSpec
from aseq._core.statement import BIND, Bind, Statement
from aseq._core.table import TableName
from aseq.errors import InvalidSequence
from aseq.sqlalchemy import sequence_table

from . import _ledger  # noqa: F401  # adds its operations
from ._servers import find_dialect


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


@dataclass
@Operations.register_operation("advance_aseq_sequence", "invoke")
class AdvanceSequence(MigrateOperation):
    """Moves a sequence forward, never back: see `AsyncSequence.advance_to`.

    Waits for transactions that drew from it. There is nothing to do for a downgrade.
    """

    sequence: SequenceSpec
    value: int | None
    column: ColumnName | None

    @classmethod
    def invoke(
        cls,
        operations: Operations,
        sequence: str | SequenceSpec,
        value: int | None = None,
        *,
        column: object = None,
    ) -> None:
        """Move a sequence forward, so that the next number comes after others.

        Also as a script (``--sql``): with a column, the database looks for its value when
        the script is run.

        Args:
            operations: Alembic's.
            sequence: an `AsyncSequence`, or the name of one with the usual parameters. For a
                numbering, that of a scope and a period: ``numbers.bind(...).sequence(at=...)``.
            value: its new last value.
            column: instead of a value, the column that has the numbers: "table.column". The
                greatest counts; of a sequence that counts down, the least.

        Raises:
            InvalidSequence: both were given, or none; or one of them can't work; or the
                database isn't one that aseq knows.
        """
        spec = SequenceSpec(sequence) if isinstance(sequence, str) else sequence
        if (value is None) == (column is None):
            raise InvalidSequence("value", "or column must be given, and not both")
        if value is not None:
            spec._check_value(value)
        place = None if column is None else column_name(column)
        operations.invoke(cls(spec, value, place))


@Operations.implementation_for(AdvanceSequence)
def _advance(operations: Operations, operation: AdvanceSequence) -> None:
    theirs = operations.impl.dialect
    ours = find_dialect(theirs)
    if ours is None:
        known = sorted(DIALECTS)
        raise InvalidSequence("dialect", f"must be one of {known}, not {theirs.name!r}")
    sql = _advancing(operation, theirs, ours)
    if operations.get_context().as_sql:
        operations.get_context().impl.static_output(f"{sql};\n")
    else:
        operations.execute(text(sql.replace(":", r"\:")))


def _advancing(operation: AdvanceSequence, dialect: Any, ours: Dialect) -> str:
    """The statement, with its values: a script has no parameters."""
    spec = operation.sequence
    before = spec.initial_value - spec.step
    value = before if operation.value is None else operation.value
    statement: Statement = next(plans.advance_to(spec, ours, value))
    values = {name: _literal(bind, dialect) for name, bind in statement.binds.items()}
    if operation.column is not None:
        furthest = _furthest(operation.column, dialect, before, upwards=spec.step > 0)
        values |= {"start": furthest, "value": furthest}
    sql = ours.on_table(statement.template.text, statement.table)
    return BIND.sub(lambda found: values[found[1]], sql)


def _literal(value: Bind, dialect: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if dialect.name in ("mariadb", "mysql"):
        value = value.replace("\\", "\\\\")
    return "'" + value.replace("'", "''") + "'"


def _furthest(column: ColumnName, dialect: Any, before: int, *, upwards: bool) -> str:
    """The furthest number of a column, in SQL; what comes before the first if there is none."""
    quoted = dialect.identifier_preparer.quote
    parts = filter(None, (column.table.schema, column.table.name))
    table = ".".join(quoted(part) for part in parts)
    function, beyond = ("max", ">") if upwards else ("min", "<")
    number = f"(SELECT {function}({quoted(column.name)}) FROM {table})"  # noqa: S608  # quoted
    return f"(CASE WHEN {number} {beyond} {before} THEN {number} ELSE {before} END)"


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
