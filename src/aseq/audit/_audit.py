"""The verb."""

from __future__ import annotations

from collections.abc import Mapping
from random import SystemRandom
from typing import Any, cast

from aseq._connection import Connection
from aseq._dispatch import executor_for
from aseq._drive import read_on
from aseq._sequence import AsyncSequence
from aseq.adapters.base import OneWriter
from aseq.errors import AuditRefused
from aseq.ledger._spec import LedgerSpec
from aseq.numbering import Numbering

from ._plan import audit as plan
from ._question import question
from .progress import OnProgress
from .result import Audit

_random = SystemRandom()


def random_keys() -> tuple[int, int]:
    """Keys for a fingerprint that nobody can foresee."""
    return _random.getrandbits(62), _random.getrandbits(62)


async def audit(
    conn: Connection,
    column: object,
    what: AsyncSequence | Numbering,
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

    Right while others draw, in the caller's own transaction (on PostgreSQL at every isolation
    level, on MariaDB and MySQL at READ COMMITTED) or outside one: what is called missing was
    given and is in no committed row (or in no row that the transaction sees). Takes no lock,
    changes no setting, writes nothing, and holds no snapshot from one statement to the next.

    The database does the work: one scan if nothing is wrong. Memory doesn't grow with the
    rows or with what is found, but with the number of series.

    Can be cancelled at any time. No number is at stake; what becomes of a transaction whose
    statement is cancelled is as with any other statement of the driver: PostgreSQL lets it
    only be rolled back.

    Args:
        conn: the caller's connection or session.
        column: where the numbers are: a column of a model (``Invoice.number``), a model and
            a name (``(Invoice, "number")``), or "table.column"; a list of them if several
            share the sequence.
        what: the sequence that gives the numbers; it must not loop. Or the numbering whose
            texts the column has: each of its scopes and periods is a series of its own, and
            is found by itself. Of a numbering that is bound to some scopes, only these are
            looked at.
        scope: for each scope that isn't printed, the column that tells it; a list if there
            are several tables. If the column has numbers alone, that is each scope.
        void: the column with the reason why a number is void; a list if there are several
            tables. NULL, false and '' mean that it isn't.
        ledger: the `aseq.ledger.Ledger` that the numbers were issued through: those that it
            has as void, and that are in no row, aren't missing. The column must have what the
            ledger has: texts of a numbering, or numbers of a sequence.
        date: the column with the date; a list if there are several tables. Dates must not
            run against the numbers. If the column has numbers alone, of a numbering with
            periods, it tells the period, and must be of type date.
        where: which rows count, as a condition in SQL; it becomes part of the statement as
            it is. A list if each column has one of its own.
        first: the number that the rows of each series begin with, if it isn't the sequence's
            first value: that of the first document after another numbering was taken over.
        limit: how many findings of each kind are listed, in all series together. The totals
            are exact.
        progress: is called before each statement with a `Progress`: how far it is. What it
            raises ends the audit.

    Returns:
        what was found. Print it, or ask for its `ok`.

    Raises:
        InvalidSequence: an argument can't work, or names a column that isn't there.
        AuditRefused: row-level security hides rows; or on SQLite the connection is in a
            transaction that may keep others from writing; or on MariaDB or MySQL the isolation
            level or the storage engine would make it wrong; or there are more than 250,000
            series.
        SequenceTableMissing: the table of sequences doesn't exist.
        UnsupportedConnection: `conn` isn't a connection that aseq knows.
    """
    asked = question(
        column,
        what,
        scope=scope,
        void=void,
        date=date,
        where=where,
        first=first,
        limit=limit,
        ledger=ledger,
    )
    executor = executor_for(conn)
    reason = await executor.blocks_writers() if isinstance(executor, OneWriter) else None
    if reason is not None:
        raise AuditRefused(reason)
    keys = random_keys()
    subject = executor.adapt(asked.subject)
    return await read_on(subject, cast("Any", plan(asked, executor, keys, progress)), executor)
