"""The ledger's table as a SQLAlchemy `Table`, for `create_all` and for Alembic."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import BLANK_SCHEMA, conv

from aseq._core.spec import NAME_LIMIT
from aseq._core.table import TableName

_VOID_CHECK = (
    "state = 'issued' AND voided_at IS NULL AND voided_by IS NULL AND void_reason IS NULL "
    "OR state = 'void' AND voided_at IS NOT NULL AND void_reason IS NOT NULL"
)


def ledger_table(metadata: MetaData, table: str = "aseq_ledger") -> Table:
    """Add the ledger's table to a MetaData, so that migrations create and keep it.

    The same as `Ledger.create_table` makes. In a project's own metadata, Alembic's
    autogenerate creates it once and finds no difference afterwards. It doesn't know the
    guard: add ``op.create_aseq_ledger_guard()`` to the revision.

    Args:
        metadata: the application's.
        table: "table" or "schema.table", as the `Ledger` names it. A default schema of the
            metadata doesn't count.

    Returns:
        the table; the one that is there, if it was added before.

    Raises:
        InvalidSequence: not a valid table name.
    """
    parsed = TableName.parse(table)
    if table in metadata.tables:
        return metadata.tables[table]
    name, moment = parsed.name, DateTime(timezone=True)
    return Table(
        name,
        metadata,
        Column("series", String(NAME_LIMIT), nullable=False),
        Column("sequence", String(NAME_LIMIT), nullable=False),
        Column("number", BigInteger, nullable=False, autoincrement=False),
        Column("text", Text, nullable=False),
        Column("document_key", String(200)),
        Column("at", moment, nullable=False),
        Column("issued_at", moment, nullable=False),
        Column("issued_by", String(100)),
        Column("note", Text),
        Column("state", String(10), nullable=False),
        Column("voided_at", moment),
        Column("voided_by", String(100)),
        Column("void_reason", Text),
        # conv(): a naming convention of the metadata must not rename them.
        PrimaryKeyConstraint("sequence", "number", name=conv(f"{name}_pkey")),
        UniqueConstraint("series", "document_key", name=conv(f"{name}_key")),
        CheckConstraint(_VOID_CHECK, name=conv(f"{name}_void_check")),
        schema=parsed.schema or BLANK_SCHEMA,
    )
