"""Whether a table is kept by InnoDB: other engines of MariaDB and MySQL know no rollback.

There a number is committed by itself, whatever transaction it is drawn in, and neither an
error nor a flag says so. The draw can't ask in its own statement without a cost, so it is asked
beforehand, once for each connection or pool and table.
"""

from __future__ import annotations

from collections.abc import Sequence

from aseq._core.statement import Row
from aseq._core.table import TableName

from .base import TransactionEnded

ASK = (
    "SELECT engine FROM information_schema.tables "
    "WHERE table_schema = COALESCE(NULLIF(%s, ''), DATABASE()) AND table_name = %s"
)
"""Who keeps a table: no row if there is none, or if it is a temporary one."""

_VIEW = (
    "{table} is a view: which engine keeps its rows, and so whether it knows a rollback, the "
    "server doesn't tell. Name the table itself"
)
_KEPT = (
    "its table {table} is kept by {engine}, which knows no rollback, whatever transaction "
    "you are in: ALTER TABLE {table} ENGINE=InnoDB"
)


class NoRollback(TransactionEnded):
    """There is no transaction to be in. What to do is about the table, not about the block."""


def named(table: TableName) -> tuple[str, str]:
    """What `ASK` is told."""
    return table.schema or "", table.name


def is_known(rows: Sequence[Row], table: TableName) -> bool:
    """Whether the answer stays the same, so that it needn't be asked for again.

    Raises:
        NoRollback: another engine keeps the table, or nobody knows which one.
    """
    if not rows:
        return False  # whoever draws from it is told that it isn't there
    [[engine]] = rows
    if engine is None:
        raise NoRollback(_VIEW.format(table=table))
    if engine != "InnoDB":
        raise NoRollback(_KEPT.format(table=table, engine=engine))
    return True
