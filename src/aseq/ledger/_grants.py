"""Grants for an application that may issue and make void, and nothing else."""

from __future__ import annotations

from aseq._core.dialects import DIALECTS, DialectName
from aseq._core.statement import on_table
from aseq._core.table import TableName
from aseq.errors import InvalidSequence

from ._guard import VOID
from ._guard_innodb import account

_MAY = f"SELECT, INSERT, UPDATE ({', '.join(VOID)})"

_HAVE_ROLES = ("mariadb", "mysql", "postgresql")


def grants_sql(
    role: str, table: str = "aseq_ledger", /, *, dialect: DialectName = "postgresql"
) -> str:
    """The grants for an application that isn't the ledger's owner.

    It may read, issue and make void, and nothing else; not even without the guard. On MariaDB
    and MySQL, what the account may in the whole database or everywhere is not taken back by
    this: there it must have no right to DELETE, DROP, ALTER or TRIGGER.

    Args:
        role: the application's role; on MariaDB and MySQL its account, as "shop@127.0.0.1".
        table: the ledger's, "table" or "schema.table".
        dialect: which database it is for, "mariadb", "mysql" or "postgresql".

    Returns:
        the statements, each with a semicolon and a line end.

    Raises:
        InvalidSequence: not a valid table name, no name of a role, or a dialect without roles.
    """
    if not isinstance(role, str) or not role or "\0" in role:
        raise InvalidSequence("role", f"must be the name of a role, not {role!r}")
    if dialect not in _HAVE_ROLES:
        known = ", ".join(map(repr, _HAVE_ROLES))
        raise InvalidSequence("dialect", f"must be one of {known}, not {dialect!r}")
    quote = DIALECTS[dialect].quote
    name = on_table("$table", quote, TableName.parse(table))
    if dialect != "postgresql":
        return f"GRANT {_MAY} ON {name} TO {account(role)};\n"
    app = on_table("$table", quote, TableName(role, None))
    return f"REVOKE ALL ON {name} FROM {app};\nGRANT {_MAY} ON {name} TO {app};\n"
