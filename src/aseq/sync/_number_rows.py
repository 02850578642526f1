"""`number_rows`, in sync code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aseq.issuing import NumberedRows
from aseq.issuing._book import Bookkeeper
from aseq.issuing._number_rows import number_rows_sync

from ._connection import Connection
from ._dispatch import executor_for
from ._numbering import Numbering
from ._sequence import Sequence
from ._twins import twin


def number_rows(
    conn: Connection,
    what: Sequence | Numbering,
    column: object,
    /,
    *,
    key: object = None,
    order_by: object = None,
    where: str | None = None,
    scope: Mapping[str, object] | None = None,
    at_from: object = None,
    at_column: object = None,
    limit: int | None = None,
    locked: Literal["skip", "wait"] = "skip",
    ledger: Bookkeeper | None = None,
    by: str | None = None,
    note: str | None = None,
) -> NumberedRows:
    """Number rows that have no number, in the caller's transaction.

    As `aseq.issuing.number_rows`, in sync code: a worker that numbers what an API has saved.

        while True:
            with Session.begin() as session:
                done = number_rows(session, numbers, Invoice.number, limit=5000)
            if not done.count:
                break

    Can be interrupted as `Sequence.next_value`.

    Args:
        conn: the caller's connection or session.
        what: a sequence, or a numbering.
        column: the column that gets the numbers, as there.
        key: the column that tells the rows apart; by default the model's primary key.
        order_by: the column, or a list of columns, in whose order the rows get their numbers.
        where: which rows count, as a condition in SQL; it becomes part of the statements as
            it is. By default, all without a number.
        scope: for each scope of the numbering that isn't bound, the column that has it.
        at_from: the column with the date, or the moment with its time zone, that a number is
            of. By default the database's clock decides.
        at_column: the column that gets the moment of the number.
        limit: how many rows at most.
        locked: what to do with rows that other transactions have locked: "skip" leaves
            them to the next call; "wait" waits for them, and can meet a deadlock.
        ledger: a `Ledger` that gets a row for each number, as there.
        by: who numbers the rows, for the ledger.
        note: anything else, for the ledger.

    Returns:
        how many rows were numbered, and how many skipped.

    Raises:
        InvalidSequence: an argument can't work, or names a column that isn't there; or the
            rows are of more than 1,000 scopes. Nothing was drawn.
        InvalidRow: a row has no scope or no date, or can't have it; or the number that the
            ledger has for it is void. Nothing was drawn.
        LedgerConflict: the ledger has one of the next numbers already.
        RowRefused: a trigger or row-level security kept a number from being written. The
            transaction was made unusable.
        NotInTransaction: the numbers would be committed by themselves; nothing was sent.
        AseqError: any of those of `Sequence.next_value` and of `Numbering.next`.
    """
    return number_rows_sync(
        executor_for(conn),
        twin(what),
        column,
        key=key,
        order_by=order_by,
        where=where,
        scope=scope,
        at_from=at_from,
        at_column=at_column,
        limit=limit,
        locked=locked,
        ledger=ledger,
        by=by,
        note=note,
    )
