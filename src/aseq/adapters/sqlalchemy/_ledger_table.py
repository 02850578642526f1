"""The ledger's table as a SQLAlchemy `Table`, for `create_all` and for Alembic."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import BLANK_SCHEMA, conv

from aseq._core.dialects.mariadb.fragments import COLLATION as ON_MARIADB
from aseq._core.dialects.servers import COLLATION
from aseq._core.spec import NAME_LIMIT
from aseq._core.table import TableName

from ._name import PrimaryKey

# On MariaDB and MySQL, moments are in UTC, and all texts are told apart, whatever differs.
_INNODB = "mariadb", "mysql"
_MOMENT = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), *_INNODB)
_TEXT = Text().with_variant(mysql.LONGTEXT(), *_INNODB)
_STORAGE: dict[str, Any] = {
    f"{server}_{option}": value
    for server, collation in (("mariadb", ON_MARIADB), ("mysql", COLLATION))
    for option, value in (
        ("engine", "InnoDB"),
        ("default_charset", "utf8mb4"),
        ("collate", collation),
    )
}

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
    name = parsed.name
    return Table(
        name,
        metadata,
        Column("series", String(NAME_LIMIT), nullable=False),
        Column("sequence", String(NAME_LIMIT), nullable=False),
        Column("number", BigInteger, nullable=False, autoincrement=False),
        Column("text", _TEXT, nullable=False),
        Column("document_key", String(200)),
        Column("at", _MOMENT, nullable=False),
        Column("issued_at", _MOMENT, nullable=False),
        Column("issued_by", String(100)),
        Column("note", _TEXT),
        Column("state", String(10), nullable=False),
        Column("voided_at", _MOMENT),
        Column("voided_by", String(100)),
        Column("void_reason", _TEXT),
        # conv(): a naming convention of the metadata must not rename them.
        PrimaryKey("sequence", "number", name=conv(f"{name}_pkey")),
        UniqueConstraint("series", "document_key", name=conv(f"{name}_key")),
        CheckConstraint(_VOID_CHECK, name=conv(f"{name}_void_check")),
        schema=parsed.schema or BLANK_SCHEMA,
        **_STORAGE,
    )
