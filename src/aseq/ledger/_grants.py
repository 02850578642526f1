"""Grants for an application that may issue and make void, and nothing else."""

from __future__ import annotations

from aseq._core.table import TableName
from aseq._sql import quoted, quoted_table
from aseq.errors import InvalidSequence

from ._guard import VOID


def grants_sql(role: str, table: str = "aseq_ledger", /) -> str:
    """The grants for an application that isn't the ledger's owner, on PostgreSQL.

    It may read, issue and make void, and nothing else; not even without the guard.

    Args:
        role: the application's role.
        table: the ledger's, "table" or "schema.table".

    Returns:
        the statements, each with a semicolon and a line end.

    Raises:
        InvalidSequence: not a valid table name, or no name of a role.
    """
    if not isinstance(role, str) or not role or "\0" in role:
        raise InvalidSequence("role", f"must be the name of a role, not {role!r}")
    name, app = quoted_table(TableName.parse(table)), quoted(role)
    return (
        f"REVOKE ALL ON {name} FROM {app};\n"
        f"GRANT SELECT, INSERT, UPDATE ({', '.join(VOID)}) ON {name} TO {app};\n"
    )
