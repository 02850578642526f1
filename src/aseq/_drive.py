"""Runs a plan on an executor, and keeps a lost number from being committed.

Between the moment when a statement may have been sent and the moment when the caller has
the number, anything can be raised: a cancellation, a timeout, an error of a codec or a
listener, of the plan itself, or of a log handler. The server may have drawn by then, and a
caller who swallowed the error and committed would leave a hole. So the guard spans all of
that time, as one rule: **unless the server itself said that the statement failed, or it
was never sent, the transaction is made unusable until it is rolled back.** In doubt it is.

Three things of the executor make the rule hold (see `adapters.base`):

* `refused` tells the server's own word from everything else;
* `hold` keeps other tasks off the connection from the statement to the end of the abort,
  where the driver lets tasks share a connection: no savepoint of theirs can begin between
  the two, so none can be rolled back to that would undo the abort;
* `abort` makes the transaction unusable, and `terminate` ends a connection that doesn't
  answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

import anyio

from ._concurrency.shield import shielded
from ._core.failure import report
from ._core.scripts import NothingDrawn, Plan
from ._core.statement import Bind, Row
from ._explain import Subject, check_in_transaction, explained
from ._log import FAILED_BEFORE, GIVEN_UP, LOST, LostTransaction, log
from ._tally import note_queued
from .adapters.base import ConnectionInfo, Executor, TransactionEnded
from .errors import (
    NotInTransaction,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsteadyClock,
    UnsupportedConnection,
)

T = TypeVar("T")

ABORT_TIMEOUT = 5.0
"""Seconds after which a connection that doesn't answer any more is given up."""

UNUSABLE_NOTE = (
    "aseq: the call may have drawn a number that nobody got, so its transaction was made "
    "unusable: roll it back (some drivers let commit() pass without an error, but nothing "
    "is saved)"
)
GIVEN_UP_NOTE = (
    "aseq: the call may have drawn a number that nobody got, and the database didn't "
    "answer any more, so the connection was closed"
)

# Raised by plans and executors when nothing was drawn. (InvalidSequence isn't among them:
# whatever calls something of the user's after the draw may raise that one as well.)
_NOTHING_DRAWN = (
    NothingDrawn,
    NotInTransaction,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    TransactionEnded,
    UnsteadyClock,
    UnsupportedConnection,
)


class Request(NamedTuple):
    """A statement as one connection takes it."""

    sql: str
    args: tuple[Bind, ...]
    timeout: float | None


def requests(
    plan: Plan[T], info: ConnectionInfo
) -> Generator[Request, Sequence[Row] | None, T]:
    """A plan's statements as one connection takes them; sent the rows of each."""
    rows: Sequence[Row] | None = None
    while True:
        try:
            statement = next(plan) if rows is None else plan.send(rows)
        except StopIteration as stop:
            result: T = stop.value
            return result
        table = info.locate(statement.table)
        sql, args = info.dialect.render(statement, info.paramstyle, table)
        rows = yield Request(sql, args, statement.timeout)
        if statement.queues:
            note_queued(statement, table, rows or (), info.kind)


async def run(plan: Plan[T], executor: Executor, about: str) -> T:
    """Run a plan to its result; errors of the driver pass unchanged.

    Args:
        plan: what to do.
        executor: where to do it.
        about: what it is about, for the log.
    """
    async with executor.hold():
        await executor.prepare()
        return await _play(plan, executor, about, inside=False)


async def run_on(spec: Subject, plan: Plan[T], executor: Executor, *, writes: bool) -> T:
    """Run a plan about a sequence to its result.

    Args:
        spec: the sequence, or the sequences.
        plan: what to do with it.
        executor: where to do it.
        writes: refuse if the change would be committed by itself.

    Raises:
        NotInTransaction, SequenceLocked, SequenceTableMissing: see `explained`.
    """
    inside = writes and spec.require_transaction
    with explained(spec, executor):
        async with executor.hold():
            await executor.prepare()
            if inside:
                check_in_transaction(spec, executor)
            return await _play(plan, executor, spec.name, inside=inside)


async def read_on(spec: Subject, plan: Plan[T], executor: Executor) -> T:
    """Run a plan that only reads: nothing can get lost, so an error changes nothing.

    Raises:
        SequenceTableMissing: see `explained`.
    """
    with explained(spec, executor):
        async with executor.hold():
            await executor.prepare()
            return await _play(plan, executor, spec.name, inside=False, draws=False)


async def _play(
    plan: Plan[T], executor: Executor, about: str, *, inside: bool, draws: bool = True
) -> T:
    steps = requests(plan, executor)
    rows: Sequence[Row] | None = None
    asked = 0
    try:
        while True:
            try:
                request = steps.send(rows)
            except StopIteration as stop:
                result: T = stop.value
                return result
            asked += 1
            rows = await executor.fetch(
                request.sql, request.args, timeout=request.timeout, inside=inside
            )
    except GeneratorExit:  # the coroutine is being closed: nothing can be awaited
        if asked and draws:
            executor.terminate()
        raise
    except BaseException as exc:
        if draws and may_have_drawn(exc, executor, asked):
            await _make_unusable(executor, about, exc)
        elif draws:
            log_failed_before(exc, executor, about)
        raise


def may_have_drawn(exc: BaseException, info: ConnectionInfo, asked: int) -> bool:
    """Whether a number may have been drawn that the caller doesn't get.

    Args:
        exc: what was raised.
        info: the connection.
        asked: how many statements were handed to it.
    """
    if not asked or isinstance(exc, _NOTHING_DRAWN):
        return False
    dialect = info.dialect
    found = report(exc, dialect.code)
    if found is not None and found.code in dialect.ends_transaction:
        return True  # earlier numbers are free again, and the next statement commits by itself
    # Where an error leaves the transaction usable, an earlier statement may have drawn.
    only = asked == 1 or dialect.aborts_on_error
    return not (only and info.refused(exc))


def log_failed_before(exc: BaseException, info: ConnectionInfo, about: str) -> None:
    """Log that somebody passed over an earlier error of the transaction, if so it is."""
    found = report(exc, info.dialect.code)
    if found is not None and found.code in info.dialect.failed_before:
        log(FAILED_BEFORE, sequence=about, connection=info.kind)


async def _make_unusable(executor: Executor, about: str, lost: BaseException) -> None:
    async def abort() -> None:
        aborted: bool | None = None
        try:
            with suppress(Exception), anyio.move_on_after(ABORT_TIMEOUT):
                aborted = await executor.abort()
        finally:
            if aborted is None:  # no answer, or an error instead of one
                executor.terminate()
            report_loss(lost, executor, about, aborted)

    try:
        await shielded(abort)
    except asyncio.CancelledError:
        # If `lost` is a cancellation, the caller re-raises it; otherwise this new one must
        # not be swallowed.
        if not isinstance(lost, asyncio.CancelledError):
            raise
    except GeneratorExit:  # the coroutine is being closed: nobody waits for the abort
        executor.terminate()
        raise


def report_loss(
    lost: BaseException, info: ConnectionInfo, about: str, aborted: bool | None
) -> None:
    """Say what became of the transaction: with the error, and in the log.

    Args:
        lost: what the call ended with.
        info: the connection.
        about: the sequence, or the sequences.
        aborted: what `abort` said; None if the connection was given up instead.
    """
    if aborted is False:  # nothing was drawn
        return
    lost.add_note(GIVEN_UP_NOTE if aborted is None else UNUSABLE_NOTE)
    log(
        GIVEN_UP if aborted is None else LOST,
        sequence=about,
        connection=info.kind,
        reason=lost,
    )
    if aborted:
        info.watch(LostTransaction(about, info.kind))
