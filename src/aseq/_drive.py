"""Runs a plan on an executor.

A number can be lost between the database, which drew it, and the caller, who never
got it: cancelled, or timed out. That caller must not be able to commit, so the
transaction is made unusable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import anyio

from ._core.plans import Plan
from ._core.spec import SequenceSpec
from ._core.statement import Row, Statement
from ._core.table import TableName
from ._explain import explained, refuse_autocommit
from ._guard import to_the_end
from ._tally import Tally
from .adapters.base import Executor, SyncExecutor, TransactionEnded
from .errors import AseqError

T = TypeVar("T")

logger = logging.getLogger("aseq")

SPOIL_LIMIT = 5.0
"""Seconds after which a connection that doesn't answer any more is given up."""

UNUSABLE = (
    "aseq: the call may have drawn a number that nobody got, so its transaction was made "
    "unusable: roll it back (some drivers let commit() pass without an error, but nothing "
    "is saved)"
)
GIVEN_UP = (
    "aseq: the call may have drawn a number that nobody got, and the database didn't "
    "answer any more, so the connection was closed"
)

QUEUED = Tally(limit=1_000, transactions=256)
"""What the latest transactions of this process have queued for.

An upper bound: a savepoint that is rolled back frees its places. And a rough one: two
servers may have transactions with the same id.
"""
MANY_NAMES = (
    f"aseq: one transaction has drawn from more than {QUEUED.limit:,} different sequences. "
    "Each of them holds a slot of the server's lock table, which all sessions share, until the "
    "transaction ends; when the table is full, other sessions fail with 53200 (out of shared "
    "memory). Use smaller transactions, next_values for many numbers of one sequence, or "
    "fair=False for those sequences"
)


async def run(plan: Plan[T], executor: Executor) -> T:
    """Run a plan to its result; errors of the driver pass unchanged."""
    await executor.prepare()
    return await _play(plan, executor)


async def run_on(spec: SequenceSpec, plan: Plan[T], executor: Executor, *, writes: bool) -> T:
    """Run a plan about a sequence to its result.

    Args:
        spec: the sequence.
        plan: what to do with it.
        executor: where to do it.
        writes: refuse if the change would be committed by itself.

    Raises:
        NotInTransaction, SequenceLocked, SequenceTableMissing: see `explained`.
    """
    with explained(spec, executor):
        await executor.prepare()
        if writes:
            refuse_autocommit(spec, executor)
        return await _play(plan, executor)


def run_on_sync(
    spec: SequenceSpec, plan: Plan[T], executor: SyncExecutor, *, writes: bool
) -> T:
    """As `run_on`, without an event loop: in the thread that called."""
    with explained(spec, executor):
        if writes:
            refuse_autocommit(spec, executor)
        rows: Sequence[Row] | None = None
        while True:
            try:
                statement = next(plan) if rows is None else plan.send(rows)
            except StopIteration as stop:
                result: T = stop.value
                return result
            table = executor.locate(statement.table)
            sql, args = statement.render(executor.paramstyle, table)
            rows = executor.fetch(sql, args, nowait=statement.nowait)
            if statement.queues:
                _count(statement, table, rows)


async def _play(plan: Plan[T], executor: Executor) -> T:
    rows: Sequence[Row] | None = None
    while True:
        try:
            statement = next(plan) if rows is None else plan.send(rows)
        except StopIteration as stop:
            result: T = stop.value
            return result
        table = executor.locate(statement.table)
        sql, args = statement.render(executor.paramstyle, table)
        try:
            rows = await executor.fetch(sql, args, nowait=statement.nowait)
        except executor.driver_errors:
            raise
        except (AseqError, TransactionEnded):
            raise
        except GeneratorExit:  # the coroutine is being closed: nothing can be awaited
            executor.abandon()
            raise
        except BaseException as exc:
            await _make_unusable(executor, exc)
            raise
        if statement.queues:
            _count(statement, table, rows)


def _count(statement: Statement, table: TableName, rows: Sequence[Row]) -> None:
    """Warn, once, of a transaction that queues for very many names."""
    transaction = rows[0][1] if rows else None
    if transaction is None:  # nothing was drawn
        return
    if QUEUED.passes(transaction, (table, statement.binds["name"])):
        # Not warnings.warn(): where warnings are errors, it would raise here, and the
        # number that was just drawn would be lost. So it would if a log handler raised.
        with suppress(Exception):
            logger.warning(MANY_NAMES)


async def _make_unusable(executor: Executor, lost: BaseException) -> None:
    async def spoil() -> None:
        spoilt: bool | None = None
        try:
            with suppress(Exception), anyio.move_on_after(SPOIL_LIMIT):
                spoilt = await executor.spoil()
        finally:
            if spoilt is None:  # no answer, or an error instead of one
                executor.abandon()
                tell(lost, GIVEN_UP)
            elif spoilt:
                tell(lost, UNUSABLE)

    try:
        await to_the_end(spoil)
    except asyncio.CancelledError:
        # Cancelled once more. A cancellation is under way already, or starts here.
        if not isinstance(lost, asyncio.CancelledError):
            raise


def tell(exc: BaseException, text: str) -> None:
    """Say what became of the transaction: with the error, and in the log."""
    exc.add_note(text)
    logger.warning(text)
