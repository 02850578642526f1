"""From a driver's error about the ledger to ours."""

from __future__ import annotations

import re

from aseq._core.failure import chain, report
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AseqError, LedgerConflict, LedgerTableMissing, SequenceTableMissing

# A unique index, as PostgreSQL, SQLite, and MariaDB and MySQL call it.
_TWICE = ("23505", 19, 1062)
_ENTRY = re.compile(r"entry '(.*?)(\.\.\.)?' for key", re.DOTALL)
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
    # Its unique indexes are called after it; another table's name may begin like that.
    ours = rf"(?<!\w){re.escape(table.name)}(?:_p?key)?(?!\w)"
    return re.search(ours, found.text) is not None or any(
        _is_entry(str(each.args[1]), name) for each in chain(exc) if len(each.args) > 1
    )


def _is_entry(text: str, name: str) -> bool:
    """Whether it is a number of a sequence that is twice.

    MariaDB doesn't name the table of a primary key, but tells that: cut if it is long, and
    not each character as it is.
    """
    found = _ENTRY.search(text)
    if found is None:
        return False
    told, ours = _plain(found[1]), _plain(name)
    return ours.startswith(told) if found[2] else told.startswith(ours)


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isalnum() and char <= "\uffff")
