"""Runs a plan on an executor. The one place where errors are raised over.

A number can be lost between the database, which drew it, and the caller, who never
got it: cancelled, or timed out. That caller must not be able to commit, so the
transaction is made unusable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TypeVar

import anyio

from ._core.plans import Plan
from ._core.spec import SequenceSpec
from ._core.statement import Row, Statement
from ._core.table import TableName
from ._guard import to_the_end
from .adapters.base import Executor
from .errors import AseqError, NotInTransaction, SequenceLocked, SequenceTableMissing

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
        NotInTransaction: the change would be committed by itself.
        SequenceLocked: another transaction holds the sequence, and the wait was over.
        SequenceTableMissing: there is no table for the sequence.
    """
    try:
        await executor.prepare()
        if writes and spec.require_transaction:
            advice = executor.autocommits()
            if advice is not None:
                raise NotInTransaction(spec.name, advice)
        return await _play(plan, executor)
    except executor.driver_errors as exc:
        explained = _explain(exc, spec, executor)
        if explained is None:
            raise
        raise _dressed(explained, executor) from exc
    except AseqError as exc:
        if type(exc) not in executor.errors:
            raise
        raise _dressed(exc, executor) from exc.__cause__


async def _play(plan: Plan[T], executor: Executor) -> T:
    rows: Sequence[Row] | None = None
    while True:
        try:
            statement = next(plan) if rows is None else plan.send(rows)
        except StopIteration as stop:
            result: T = stop.value
            return result
        rows = await _fetch(statement, executor)


async def _fetch(statement: Statement, executor: Executor) -> Sequence[Row]:
    sql, args = statement.render(executor.paramstyle, executor.locate(statement.table))
    try:
        return await executor.fetch(sql, args, nowait=statement.nowait)
    except executor.driver_errors:
        raise
    except AseqError:
        raise
    except GeneratorExit:  # the coroutine is being closed: nothing can be awaited
        executor.abandon()
        raise
    except BaseException as exc:
        await _make_unusable(executor, exc)
        raise


async def _make_unusable(executor: Executor, lost: BaseException) -> None:
    async def spoil() -> None:
        with anyio.move_on_after(SPOIL_LIMIT) as limit:
            if await executor.spoil():
                _tell(lost, UNUSABLE)
        if limit.cancelled_caught:
            executor.abandon()
            _tell(lost, GIVEN_UP)

    try:
        await to_the_end(spoil)
    except asyncio.CancelledError:
        # Cancelled once more. A cancellation is under way already, or starts here.
        if not isinstance(lost, asyncio.CancelledError):
            raise


def _tell(exc: BaseException, text: str) -> None:
    exc.add_note(text)
    logger.warning(text)


def _explain(exc: Exception, spec: SequenceSpec, executor: Executor) -> AseqError | None:
    """Our error for a driver's, if we can say more than the driver."""
    table = str(executor.locate(TableName.parse(spec.table)))
    kind = executor.dialect.explain(exc, table)
    if kind is SequenceLocked:
        return SequenceLocked(spec.name, executor.dialect.busy)
    if kind is SequenceTableMissing:
        return SequenceTableMissing(table)
    return None


def _dressed(exc: AseqError, executor: Executor) -> AseqError:
    """The same error as the subclass that the executor wants, if it wants one."""
    cls = executor.errors.get(type(exc))
    return exc if cls is None else cls(*exc.args)
