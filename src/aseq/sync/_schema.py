"""The table of sequences, created and dropped in sync code."""

from __future__ import annotations

from aseq._core import plans
from aseq._core.scripts import later
from aseq._core.spec import DEFAULT_TABLE
from aseq._core.table import TableName
from aseq._drive_sync import run_sync
from aseq._schema import creating

from ._connection import Connection
from ._dispatch import executor_for


def create_table(conn: Connection, table: str = DEFAULT_TABLE, /) -> None:
    """Create the table of sequences, if it isn't there; as `aseq.create_table`.

    Args:
        conn: the caller's connection or session. It commits as that commits.
        table: "table" or "schema.table"; the schema must exist.

    Raises:
        InvalidSequence: not a valid table name.
        UnsupportedConnection: `conn` isn't a connection of sync code that aseq knows.
    """
    name = TableName.parse(table)
    executor = executor_for(conn)
    plan = later(lambda: creating(executor.dialect, name))
    run_sync(plan, executor, f"the table {name}")


def drop_table(conn: Connection, table: str = DEFAULT_TABLE, /) -> None:
    """Drop the table of sequences with all its sequences, if it is there.

    Args:
        conn: the caller's connection or session. It commits as that commits.
        table: "table" or "schema.table".

    Raises:
        InvalidSequence: not a valid table name.
        UnsupportedConnection: `conn` isn't a connection of sync code that aseq knows.
    """
    name = TableName.parse(table)
    executor = executor_for(conn)
    plan = later(lambda: plans.drop_table(executor.dialect, name))
    run_sync(plan, executor, f"the table {name}")
