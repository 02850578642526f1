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
from ._core.statement import Row
from ._explain import explained, refuse_autocommit
from ._guard import to_the_end
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
            sql, args = statement.render(executor.paramstyle, executor.locate(statement.table))
            rows = executor.fetch(sql, args, nowait=statement.nowait)


async def _play(plan: Plan[T], executor: Executor) -> T:
    rows: Sequence[Row] | None = None
    while True:
        try:
            statement = next(plan) if rows is None else plan.send(rows)
        except StopIteration as stop:
            result: T = stop.value
            return result
        sql, args = statement.render(executor.paramstyle, executor.locate(statement.table))
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


async def _make_unusable(executor: Executor, lost: BaseException) -> None:
    async def spoil() -> None:
        spoilt: bool | None = None
        try:
            with suppress(Exception), anyio.move_on_after(SPOIL_LIMIT):
                spoilt = await executor.spoil()
        finally:
            if spoilt is None:  # no answer, or an error instead of one
                executor.abandon()
                _tell(lost, GIVEN_UP)
            elif spoilt:
                _tell(lost, UNUSABLE)

    try:
        await to_the_end(spoil)
    except asyncio.CancelledError:
        # Cancelled once more. A cancellation is under way already, or starts here.
        if not isinstance(lost, asyncio.CancelledError):
            raise


def _tell(exc: BaseException, text: str) -> None:
    exc.add_note(text)
    logger.warning(text)
