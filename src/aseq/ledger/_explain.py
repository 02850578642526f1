"""From a driver's error about the ledger to ours."""

from __future__ import annotations

from aseq._core.failure import report
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AseqError, LedgerConflict, LedgerTableMissing, SequenceTableMissing

# A unique index, as PostgreSQL, SQLite, and MariaDB and MySQL call it.
_TWICE = ("23505", 19, 1062)
THERE = (
    "its next number is in the ledger {} already, so its counter was set back, or it shares "
    "the ledger with another sequence of its name. Move the counter on with advance_to"
)


def explained(
    exc: Exception, name: str, table: TableName, info: ConnectionInfo
) -> AseqError | None:
    """Our error for a driver's error about the ledger; None if the driver's is as good.

    Args:
        exc: the driver's.
        name: of the sequence.
        table: the ledger's.
        info: the connection.
    """
    where = str(info.locate(table))
    if info.dialect.explain(exc, where) is SequenceTableMissing:
        ours: AseqError = LedgerTableMissing(where)
    elif _is_there(exc, name, table, info):
        ours = LedgerConflict(name, THERE.format(where))
    else:
        return None
    for note in getattr(exc, "__notes__", ()):
        ours.add_note(note)
    return ours


def _is_there(exc: Exception, name: str, table: TableName, info: ConnectionInfo) -> bool:
    found = report(exc, info.dialect.code)
    if found is None or found.code not in _TWICE:
        return False
    # MariaDB doesn't name the table of a primary key, but tells what is twice.
    return table.name in found.text or f"entry '{name}" in found.text
