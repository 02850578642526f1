"""From a driver's error about the ledger to ours."""

from __future__ import annotations

from aseq._core.failure import report
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AseqError, LedgerConflict, LedgerTableMissing, SequenceTableMissing

# A unique index, as PostgreSQL and SQLite call it.
_TWICE = ("23505", 19)
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
    elif _is_there(exc, table, info):
        ours = LedgerConflict(name, THERE.format(where))
    else:
        return None
    for note in getattr(exc, "__notes__", ()):
        ours.add_note(note)
    return ours


def _is_there(exc: Exception, table: TableName, info: ConnectionInfo) -> bool:
    found = report(exc, info.dialect.code)
    return found is not None and found.code in _TWICE and table.name in found.text
