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
from ._core.failure import Code, report
from ._core.scripts import Plan
from ._core.statement import Bind, Row
from ._explain import Subject, check_in_transaction, explained
from ._loss import Sent, log_failed_before, may_have_drawn, report_loss
from ._observe import Count, Observation, observed
from ._tally import note_queued
from .adapters.base import ConnectionInfo, Executor
from .hooks._registry import REGISTRY

T = TypeVar("T")

ABORT_TIMEOUT = 5.0
"""Seconds after which a connection that doesn't answer any more is given up."""


class Request(NamedTuple):
    """A statement as one connection takes it."""

    sql: str
    args: tuple[Bind, ...]
    timeout: float | None
    nothing_on: frozenset[Code]
    reads: bool

    def drew_nothing(self, exc: BaseException, info: ConnectionInfo) -> bool:
        """Whether an error only says so, and the plan goes on as without a row."""
        if not self.nothing_on or not info.refused(exc):
            return False
        found = report(exc, info.dialect.code)
        return found is not None and found.code in self.nothing_on


def requests(
    plan: Plan[T],
    info: ConnectionInfo,
    seen: Observation | None = None,
    *,
    inside: bool,
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
        sql, args = info.dialect.render(statement, info.paramstyle, table, inside=inside)
        more = statement.timeout, statement.nothing_on, statement.reads
        rows = yield Request(sql, args, *more)
        if statement.queues:
            note_queued(statement, table, rows or (), info.kind)
        if seen is not None:
            seen.note(statement, rows or ())


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


async def run_on(
    spec: Subject,
    plan: Plan[T],
    executor: Executor,
    *,
    writes: bool,
    drawn: Count | None = None,
    waited: float | None = None,
) -> T:
    """Run a plan about a sequence to its result.

    Args:
        spec: the sequence, or the sequences.
        plan: what to do with it.
        executor: where to do it.
        writes: refuse if the change would be committed by itself.
        drawn: if the plan draws, how many numbers its result has: for hooks.
        waited: seconds that were waited for the sequence before, by the server's clock.

    Raises:
        NotInTransaction, SequenceLocked, SequenceTableMissing: see `explained`.
    """
    inside = writes and spec.require_transaction
    seen = observed(spec, executor, drawn, waited) if REGISTRY.hooks else None
    try:
        with explained(spec, executor):
            async with executor.hold():
                await executor.prepare()
                if inside:
                    check_in_transaction(spec, executor)
                return await _play(plan, executor, spec.name, inside=inside, seen=seen)
    except BaseException as exc:
        if seen is not None:
            seen.failed(exc)
        raise


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
    plan: Plan[T],
    executor: Executor,
    about: str,
    *,
    inside: bool,
    draws: bool = True,
    seen: Observation | None = None,
) -> T:
    steps = requests(plan, executor, seen, inside=inside)
    rows: Sequence[Row] | None = None
    sent = Sent()
    try:
        while True:
            try:
                request = steps.send(rows)
            except StopIteration as stop:
                result: T = stop.value
                if seen is not None:
                    seen.drew(result)
                return result
            sent.note(reads=request.reads)
            try:
                rows = await executor.fetch(
                    request.sql, request.args, timeout=request.timeout, inside=inside
                )
            except executor.driver_errors as exc:
                if not request.drew_nothing(exc, executor):
                    raise
                rows = ()
    except GeneratorExit:  # the coroutine is being closed: nothing can be awaited
        if sent.any and draws:
            executor.terminate()
        raise
    except BaseException as exc:
        if draws:
            await _settle(exc, executor, about, sent)
        raise


async def _settle(exc: BaseException, executor: Executor, about: str, sent: Sent) -> None:
    """Do what has to be done about the transaction after an error."""
    if may_have_drawn(exc, executor, sent):
        await _make_unusable(executor, about, exc)
    else:
        log_failed_before(exc, executor, about)


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
