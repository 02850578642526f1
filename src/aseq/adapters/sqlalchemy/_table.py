"""The table of sequences as a SQLAlchemy `Table`, for `create_all` and for Alembic."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    MetaData,
    Table,
    __version__,
)
from sqlalchemy.schema import BLANK_SCHEMA, conv

from aseq._core.dialects.fragments import LAST_CHECK, NAME_CHECK
from aseq._core.spec import DEFAULT_TABLE
from aseq._core.table import TableName

from ._name import NAME, PrimaryKey

_PARAMETERS = {
    "fillfactor": 50,
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 1000,
}
_STORAGE: dict[str, Any] = {"postgresql_with": _PARAMETERS}
if __version__.startswith("2.0."):
    # No such option yet. In CREATE TABLE the parameters stand behind the access method.
    _WITH = ", ".join(f"{name} = {value}" for name, value in _PARAMETERS.items())
    _STORAGE = {"postgresql_using": f"heap WITH ({_WITH})"}
_STORAGE |= {"mariadb_engine": "InnoDB", "mysql_engine": "InnoDB"}


def sequence_table(metadata: MetaData, table: str = DEFAULT_TABLE) -> Table:
    """Add the table of sequences to a MetaData, so that migrations create and keep it.

    The same as `aseq.create_table` makes. In a project's own metadata, Alembic's
    autogenerate creates it once and finds no difference afterwards:

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
        Column("name", NAME, nullable=False),
        Column("last", BigInteger, nullable=False),
        # conv(): a naming convention of the metadata must not rename them.
        PrimaryKey("name", name=conv(f"{name}_pkey")),
        CheckConstraint(NAME_CHECK, name=conv(f"{name}_name_check")),
        CheckConstraint(LAST_CHECK, name=conv(f"{name}_last_check")),
        schema=parsed.schema or BLANK_SCHEMA,
        **_STORAGE,
    )


TABLE = sequence_table(MetaData())
"""Stands for our table where SQLAlchemy wants a Table and the caller gave none."""
