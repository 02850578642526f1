"""Runs a plan on an executor of sync code, under the rule of `_drive`.

There is no cancellation here. What comes in its place is a signal handler that raises (Ctrl-C,
a worker's time limit), and Python lets it do so wherever it calls a function or returns from
one that is written in C: also in the middle of the abort.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from ._core.scripts import Plan
from ._core.statement import Row
from ._drive import requests
from ._explain import Subject, check_in_transaction, explained
from ._loss import Sent, log_failed_before, may_have_drawn, report_loss
from ._observe import Count, Observation, observed
from .adapters.base import SyncExecutor
from .hooks._registry import REGISTRY

T = TypeVar("T")


def run_on_sync(
    spec: Subject,
    plan: Plan[T],
    executor: SyncExecutor,
    *,
    writes: bool,
    drawn: Count | None = None,
    waited: float | None = None,
) -> T:
    """As `run_on`, without an event loop: in the thread that called.

    A signal handler (Ctrl-C, a worker's time limit) may raise wherever Python calls a
    function or returns from one in C. So once the number is there, nothing is called any
    more that the guard doesn't span, not even the end of a `with`.
    """
    seen = observed(spec, executor, drawn, waited) if REGISTRY.hooks else None
    explain = explained(spec, executor)
    try:
        try:
            return _guarded(spec, plan, executor, writes and spec.require_transaction, seen)
        except BaseException as exc:
            explain.__exit__(type(exc), exc, exc.__traceback__)
            raise
    except BaseException as exc:
        if seen is not None:
            seen.failed(exc)
        raise


def read_on_sync(
    spec: Subject, plan: Plan[T], executor: SyncExecutor, *, writes_next: bool = False
) -> T:
    """As `read_on`, without an event loop: in the thread that called.

    Args:
        spec: the sequence, or the sequences.
        plan: what to read.
        executor: where to do it.
        writes_next: what is read is for a change, so refuse where that would be refused.
    """
    with explained(spec, executor), executor.hold():
        executor.prepare()
        if writes_next:
            check_in_transaction(spec, executor)
        return _play_sync(plan, executor, spec.name, inside=False, draws=False)


def run_sync(plan: Plan[T], executor: SyncExecutor, about: str) -> T:
    """As `run`, without an event loop: in the thread that called."""
    with executor.hold():
        executor.prepare()
        return _play_sync(plan, executor, about, inside=False)


def _guarded(
    spec: Subject,
    plan: Plan[T],
    executor: SyncExecutor,
    inside: bool,
    seen: Observation | None,
) -> T:
    drawn = False
    try:
        with executor.hold():
            executor.prepare()
            if inside:
                check_in_transaction(spec, executor)
            result = _play_sync(plan, executor, spec.name, inside=inside, seen=seen)
            drawn = True
        if seen is not None:
            seen.drew(result)
        return result
    except BaseException as exc:
        if drawn:  # interrupted as the hold was left, or in a hook
            _make_unusable_sync(executor, spec.name, exc)
        raise


def _play_sync(
    plan: Plan[T],
    executor: SyncExecutor,
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
                return result
            sent.note(reads=request.reads)
            try:
                rows = executor.fetch(
                    request.sql, request.args, timeout=request.timeout, inside=inside
                )
            except executor.driver_errors as exc:
                if not request.drew_nothing(exc, executor):
                    raise
                rows = ()
    except BaseException as exc:
        try:
            if draws and may_have_drawn(exc, executor, sent):
                _make_unusable_sync(executor, about, exc)
            elif draws:
                log_failed_before(exc, executor, about)
        except BaseException:  # interrupted once more, before anything could be asked
            if sent.any:
                executor.terminate()
            raise
        raise


def _make_unusable_sync(executor: SyncExecutor, about: str, lost: BaseException) -> None:
    aborted: bool | None = None
    try:
        with suppress(Exception):
            aborted = executor.abort()
    finally:
        if aborted is None:  # an error instead of an answer, or another interrupt
            executor.terminate()
        report_loss(lost, executor, about, aborted)
