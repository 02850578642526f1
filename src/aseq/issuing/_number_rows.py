"""`number_rows`: numbers for all rows of a table that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from aseq._connection import Connection
from aseq._core.subject import Subject
from aseq._dispatch import executor_for
from aseq._drive import run_on
from aseq._drive_sync import run_on_sync
from aseq._sql import condition
from aseq.adapters.base import ConnectionInfo, SyncExecutor
from aseq.errors import InvalidSequence
from aseq.numbering import DocumentNumber

from ._assign import Numbered, assign, count_new
from ._book import Bookkeeper
from ._drafts import Draft
from ._ledgered import explained
from ._place import Place, adapted
from ._plans import Plan, lock_waiting, prepare, queues, survey, take_queues
from ._result import CounterRows, NumberedRows
from ._target import Target, What, sorting, target
from ._texts import Search


async def number_rows(
    conn: Connection,
    what: What,
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

    A row has its number once the transaction commits, and no other row ever gets it. Call it
    for some thousand rows at a time and commit: until then, others who want a number of the
    same sequence wait.

        while True:
            async with session.begin():
                done = await number_rows(session, numbers, Invoice.number, limit=5000)
            if not done.count:
                break

    Waits until other transactions that drew from the same sequences have ended. Waits for
    no row, unless it is told to. Can be cancelled like `AsyncSequence.next_value`. It takes a
    few statements, however many rows there are. On MariaDB and MySQL, the transaction must be
    at READ COMMITTED.

    It works in the database: objects that a session has loaded don't learn their numbers
    (refresh them), rows that it hasn't flushed aren't seen, and nothing fires but the
    database's own triggers.

    Args:
        conn: the caller's connection or session.
        what: a sequence, or a numbering.
        column: the column that gets the numbers: that of a model (``Invoice.number``), a model
            and a name (``(Invoice, "number")``), or "table.column". Rows in which it is NULL
            are numbered. Other columns are named in the same way, or by their name alone.
        key: the column that tells the rows apart; by default the model's primary key.
        order_by: the column, or a list of columns, in whose order the rows get their numbers:
            downwards with SQLAlchemy's ``.desc()``, or with "-" in front of a name. NULL
            counts as greater than all else. Rows that are alike, or all, are in the order of
            `key`.
        where: which rows count, as a condition in SQL; it becomes part of the statements as
            it is. By default, all without a number.
        scope: for each scope of the numbering that isn't bound, the column that has it. It
            counts as the text that the database makes of it.
        at_from: the column with the date, or the moment with its time zone, that a number is
            of. By default the database's clock decides.
        at_column: the column that gets the moment of the number: a timestamp (in UTC, if it
            has no time zone) or a date (in the numbering's zone).
        limit: how many rows at most.
        locked: what to do with rows that other transactions have locked: "skip" leaves
            them to the next call; "wait" waits for them, and can meet a deadlock.
        ledger: a `Ledger` that gets a row for each number, in the same transaction. The key
            of the document is the row's table and key there, as "invoice/7". A row for which
            the ledger has a number gets that one.
        by: who numbers the rows, for the ledger.
        note: anything else, for the ledger.

    Returns:
        how many rows were numbered, and how many skipped; `count` is 0 if no row is left that
        can be numbered now.

    Raises:
        InvalidSequence: an argument can't work, or names a column that isn't there; or the
            rows are of more than 1,000 scopes. Nothing was drawn.
        InvalidRow: a row has no scope or no date, or can't have it; or the number that the
            ledger has for it is void. Nothing was drawn.
        LedgerConflict: the ledger has one of the next numbers already.
        RowRefused: a trigger or row-level security kept a number from being written. The
            transaction was made unusable.
        NotInTransaction: the numbers would be committed by themselves; nothing was sent.
        AseqError: any of those of `AsyncSequence.next_value` and of `Numbering.next`.
    """
    wanted = target(
        what,
        column,
        key=key,
        scope=scope,
        at_from=at_from,
        at_column=at_column,
        ledger=ledger,
        by=by,
        note=note,
    )
    search = _search(wanted, order_by, where, limit, locked)
    executor = executor_for(conn)
    subject, plan = _work(wanted, search, executor)
    with explained(wanted, subject.name, executor):
        return await run_on(subject, plan, executor, writes=True, drawn=_drawn)


def number_rows_sync(
    executor: SyncExecutor,
    what: What,
    column: object,
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
    """As `number_rows`, for sync code: in the thread that called."""
    wanted = target(
        what,
        column,
        key=key,
        scope=scope,
        at_from=at_from,
        at_column=at_column,
        ledger=ledger,
        by=by,
        note=note,
    )
    search = _search(wanted, order_by, where, limit, locked)
    subject, plan = _work(wanted, search, executor)
    with explained(wanted, subject.name, executor):
        done: NumberedRows = run_on_sync(subject, plan, executor, writes=True, drawn=_drawn)
        return done


def _search(
    wanted: Target, order_by: object, where: object, limit: object, locked: object
) -> Search:
    if locked not in ("skip", "wait"):
        raise InvalidSequence("locked", f'must be "skip" or "wait", not {locked!r}')
    order = sorting(order_by, wanted.table)
    return Search(condition(where), order, _limit(limit), locked == "wait")


def _work(wanted: Target, search: Search, info: ConnectionInfo) -> tuple[Subject, Any]:
    """What is done, and what errors about it say."""
    subject = Subject(wanted.what.name, adapted(wanted.what, info).table)
    return subject, cast("Any", number(wanted, search, info))


def _drawn(done: NumberedRows) -> int:
    return done.count - done.repeated


def _limit(limit: object) -> int | None:
    if limit is None:
        return None
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _MOST:
        raise InvalidSequence(
            "limit", f"must be an integer of at least 1, or None for all rows, not {limit!r}"
        )
    return limit


_MOST = 2**31 - 1


def number(wanted: Target, search: Search, info: ConnectionInfo) -> Plan[NumberedRows]:
    """Number the rows that are searched.

    Args:
        wanted: the column that gets the numbers.
        search: which rows.
        info: the connection.

    Raises:
        NothingDrawn: something can't work.
        AseqError: any of those of `assign`.
    """
    others = [name for name, _ in search.order]
    place = yield from prepare(wanted, info, others)
    if search.wait:
        drafts, skipped = yield from lock_waiting(place, search, None)
        yield from take_queues(place, queues(place, drafts) if drafts else ())
    elif place.scopes:
        drafts, skipped = yield from _lock_scopes(place, search)
    else:
        yield from take_queues(place, queues(place, [Draft("", None, ())]))
        drafts, skipped = yield from lock_waiting(place, search, None)
    numbered = yield from assign(place, drafts)
    repeated = len(numbered) - count_new(numbered)
    return NumberedRows(len(numbered), skipped, by_counter(place, numbered), repeated)


def _lock_scopes(place: Place, search: Search) -> Plan[tuple[list[Draft], int]]:
    """Queue for the scopes of the rows, and lock those that are free.

    If others have locked all rows of these scopes, those of others are looked at, until there
    are no more: or the caller would stop while there is work to do.
    """
    queued: list[Draft] = []
    while True:
        found = yield from survey(place, search, queued)
        if not queued and not found:  # no row waits
            return [], 0
        if found:
            queued += found
            yield from take_queues(place, queues(place, queued))
        drafts, skipped = yield from lock_waiting(place, search, queued)
        if drafts or not found:
            return drafts, skipped


def by_counter(place: Place, numbered: Sequence[Numbered]) -> dict[str, CounterRows]:
    """The rows by the names of their counters, in the order in which they come."""
    rows = dict[str, list[Numbered]]()
    for each in numbered:
        drawn = each.number
        name = drawn.sequence.name if isinstance(drawn, DocumentNumber) else place.what.name
        rows.setdefault(name, []).append(each)
    return {
        name: CounterRows(len(each), each[0].value, each[-1].value)
        for name, each in rows.items()
    }
