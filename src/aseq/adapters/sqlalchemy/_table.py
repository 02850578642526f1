"""The table of sequences as a SQLAlchemy `Table`, for `create_all` and for Alembic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)
from sqlalchemy.schema import BLANK_SCHEMA, conv

from aseq._core.spec import DEFAULT_TABLE, NAME_LIMIT
from aseq._core.table import TableName


def sequence_table(metadata: MetaData, table: str = DEFAULT_TABLE) -> Table:
    """Add the table of sequences to a MetaData, so that migrations create and keep it.

    The same as `aseq.create_table` makes. In a project's own metadata, Alembic's
    autogenerate creates it once and finds no difference afterwards::

        class Base(DeclarativeBase): ...

        sequence_table(Base.metadata)

    Args:
        metadata: the application's.
        table: "table" or "schema.table", as the sequences name it. A default schema of
            the metadata doesn't count.

    Returns:
        the table; the one that is there, if it was added before.

    Raises:
        InvalidSequence: not a valid table name.
    """
    parsed = TableName.parse(table)
    if table in metadata.tables:
        return metadata.tables[table]
    name = parsed.name
    return Table(
        name,
        metadata,
        Column("name", String(NAME_LIMIT), nullable=False),
        Column("last", BigInteger, nullable=False),
        # conv(): a naming convention of the metadata must not rename them.
        PrimaryKeyConstraint("name", name=conv(f"{name}_pkey")),
        CheckConstraint(
            f"length(name) BETWEEN 1 AND {NAME_LIMIT}", name=conv(f"{name}_name_check")
        ),
        CheckConstraint("typeof(last) = 'integer'", name=conv(f"{name}_last_check")).ddl_if(
            dialect="sqlite"
        ),
        schema=parsed.schema or BLANK_SCHEMA,
        postgresql_with={
            "fillfactor": 10,
            "autovacuum_vacuum_scale_factor": 0,
            "autovacuum_vacuum_threshold": 1000,
        },
    )


TABLE = sequence_table(MetaData())
"""Stands for our table where SQLAlchemy wants a Table and the caller gave none."""


def include_name(
    table: str = DEFAULT_TABLE,
) -> Callable[[str | None, str, Any], bool]:
    """An `include_name` for Alembic's `context.configure` that leaves our table alone.

    For projects that create the table in some other way and don't have it in their
    metadata: autogenerate would propose to drop it.

    Args:
        table: the table to leave alone.
    """
    parsed = TableName.parse(table)

    def include(name: str | None, kind: str, parent_names: Any) -> bool:
        schema = parent_names.get("schema_name")
        return (kind, name, schema) != ("table", parsed.name, parsed.schema)

    return include
