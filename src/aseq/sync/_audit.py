"""`audit`, in sync code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aseq._drive_sync import read_on_sync
from aseq.adapters.base import SyncOneWriter
from aseq.audit import Audit
from aseq.audit._audit import random_keys
from aseq.audit._plan import audit as plan
from aseq.audit._question import question
from aseq.audit.progress import OnProgress
from aseq.errors import AuditRefused
from aseq.ledger._spec import LedgerSpec

from ._connection import Connection
from ._dispatch import executor_for
from ._numbering import Numbering
from ._sequence import Sequence
from ._twins import twin


def audit(
    conn: Connection,
    column: object,
    what: Sequence | Numbering,
    /,
    *,
    scope: Mapping[str, object] | None = None,
    void: object = None,
    ledger: LedgerSpec | None = None,
    date: object = None,
    where: str | list[str | None] | None = None,
    first: int | None = None,
    limit: int = 1000,
    progress: OnProgress | None = None,
) -> Audit:
    """Look for numbers that are missing, repeated or don't belong there.

    As `aseq.audit.audit`, in sync code: right while others draw, and without a lock.

    Args:
        conn: the caller's connection or session.
        column: where the numbers are, as there; a list of columns if several share the
            sequence.
        what: the sequence or the numbering that gives the numbers.
        scope: for each scope that isn't printed, the column that tells it.
        void: the column with the reason why a number is void.
        ledger: the ledger that the numbers were issued through, as there.
        date: the column with the date. Dates must not run against the numbers.
        where: which rows count, as a condition in SQL; it becomes part of the statement as
            it is.
        first: the number that the rows of each series begin with.
        limit: how many findings of each kind are listed. The totals are exact.
        progress: is called before each statement with a `Progress`.

    Returns:
        what was found. Print it, or ask for its `ok`.

    Raises:
        InvalidSequence: an argument can't work, or names a column that isn't there.
        AuditRefused: as for `aseq.audit.audit`.
        SequenceTableMissing: the table of sequences doesn't exist.
        UnsupportedConnection: `conn` isn't a connection of sync code that aseq knows.
    """
    asked = question(
        column,
        twin(what),
        scope=scope,
        void=void,
        date=date,
        where=where,
        first=first,
        limit=limit,
        ledger=ledger,
    )
    executor = executor_for(conn)
    reason = executor.blocks_writers() if isinstance(executor, SyncOneWriter) else None
    if reason is not None:
        raise AuditRefused(reason)
    course: Any = plan(asked, executor, random_keys(), progress)
    found: Audit = read_on_sync(executor.adapt(asked.subject), course, executor)
    return found
