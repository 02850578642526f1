"""The table of sequences: created by a call, or as DDL text for migrations."""

from __future__ import annotations

from ._connection import Connection
from ._core import plans
from ._core.dialects import DIALECTS, POSTGRESQL, Dialect, DialectName
from ._core.scripts import Plan, later
from ._core.spec import DEFAULT_TABLE
from ._core.statement import Statement, Template
from ._core.table import TableName
from ._dispatch import executor_for
from ._drive import run
from .errors import InvalidSequence

# CREATE TABLE IF NOT EXISTS wants the right to create even if the table exists. It would
# create it in the first schema of the search path, so one further behind doesn't count.
_EXISTS = Template("""\
SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($literal)
AND (n.nspname = current_schema() OR position('"."' IN $literal) > 0)""")


async def create_table(conn: Connection, table: str = DEFAULT_TABLE, /) -> None:
    """Create the table of sequences, if it isn't there.

    For tests, scripts and first steps; a project with migrations creates it there.
    Several workers may call it at once, inside transactions. Where the table exists, the
    role needs no right to create one.

    Args:
        conn: the caller's connection or session. It commits as that commits.
        table: "table" or "schema.table"; the schema must exist.

    Raises:
        InvalidSequence: not a valid table name.
        UnsupportedConnection: `conn` isn't a connection that aseq knows.
    """
    name = TableName.parse(table)
    executor = executor_for(conn)
    plan = later(lambda: creating(executor.dialect, name))
    await run(plan, executor, f"the table {name}")


def creating(dialect: Dialect, table: TableName) -> Plan[None]:
    """The plan of `create_table`."""
    if dialect is POSTGRESQL and (yield Statement(_EXISTS, table)):
        return
    yield from plans.create_table(dialect, table)


async def drop_table(conn: Connection, table: str = DEFAULT_TABLE, /) -> None:
    """Drop the table of sequences with all its sequences, if it is there.

    Args:
        conn: the caller's connection or session. It commits as that commits.
        table: "table" or "schema.table".

    Raises:
        InvalidSequence: not a valid table name.
        UnsupportedConnection: `conn` isn't a connection that aseq knows.
    """
    name = TableName.parse(table)
    executor = executor_for(conn)
    plan = later(lambda: plans.drop_table(executor.dialect, name))
    await run(plan, executor, f"the table {name}")


def create_table_sql(dialect: DialectName, table: str = DEFAULT_TABLE, /) -> str:
    """The statement that creates the table of sequences, for hand-written migrations.

    Args:
        dialect: which database it is for, "postgresql" or "sqlite".
        table: "table" or "schema.table".

    Returns:
        the statement, with a semicolon and a line end.

    Raises:
        InvalidSequence: not a valid table name, or an unknown dialect.
    """
    if dialect not in DIALECTS:
        known = " or ".join(map(repr, sorted(DIALECTS)))
        raise InvalidSequence("dialect", f"must be {known}, not {dialect!r}")
    return DIALECTS[dialect].ddl(TableName.parse(table)) + ";\n"
