"""The name of a sequence, as a key: wherever the table is, two names are two rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import PrimaryKeyConstraint, String
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles

from aseq._core.dialects.mariadb.fragments import COLLATION as ON_MARIADB
from aseq._core.dialects.mysql.fragments import COLLATION as ON_MYSQL
from aseq._core.dialects.servers import COLLATION
from aseq._core.spec import NAME_LIMIT


class VARCHAR(mysql.VARCHAR):
    """On MariaDB and MySQL: by default, they take `inv`, `INV` and `inv ` for the same.

    "mysql" is SQLAlchemy's name for either, so the collation is chosen once it has connected.
    Alembic writes a type into revisions by its class and module. There, with a collation for
    either server, the class it is derived from does as well.
    """

    __module__ = mysql.VARCHAR.__module__

    def __init__(self, length: int = NAME_LIMIT, **_: object) -> None:
        super().__init__(length, charset="utf8mb4", collation=COLLATION)


@compiles(VARCHAR, "mariadb", "mysql")
def _write(type_: VARCHAR, compiler: Any, **_: object) -> str:
    dialect = compiler.dialect
    if dialect.is_mariadb:
        collation = ON_MARIADB
    else:
        collation = ON_MYSQL if dialect.server_version_info else COLLATION
    named = mysql.VARCHAR(type_.length, charset=type_.charset, collation=collation)
    return str(compiler.process(named))


class PrimaryKey(PrimaryKeyConstraint):
    """Without its name on MariaDB and MySQL, which have one of their own and would warn."""


@compiles(PrimaryKey, "mariadb", "mysql")
def _write_key(key: PrimaryKey, compiler: Any, **_: object) -> str:
    quoted = (compiler.preparer.quote(column.name) for column in key)
    return f"PRIMARY KEY ({', '.join(quoted)})"


NAME = String(NAME_LIMIT).with_variant(VARCHAR(), "mariadb", "mysql")
