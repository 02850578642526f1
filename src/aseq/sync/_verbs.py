"""What is done with a sequence on one connection, wherever that comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from aseq._core import plans
from aseq._core.allocation import Allocation, count_drawn
from aseq._core.counter import Drawable
from aseq._core.scripts import later
from aseq._core.spec import SequenceSpec
from aseq._core.waiting import Waiting
from aseq._drive_sync import run_on_sync
from aseq.adapters.base import SyncExecutor

D = TypeVar("D", bound=Drawable[Any])


def next_values(
    spec: SequenceSpec, executor: SyncExecutor, count: int, wait: Waiting
) -> Sequence[int]:
    """Draw the next values."""
    spec = executor.adapt(spec)
    plan = later(lambda: plans.next_values(spec, executor.dialect, count, wait))
    return run_on_sync(spec, plan, executor, writes=True, drawn=len)


def last_value(spec: SequenceSpec, executor: SyncExecutor) -> int | None:
    """Read the last value drawn."""
    spec = executor.adapt(spec)
    plan = later(lambda: plans.last_value(spec, executor.dialect))
    return run_on_sync(spec, plan, executor, writes=False)


def advance_to(spec: SequenceSpec, executor: SyncExecutor, value: int, wait: Waiting) -> int:
    """Move the last value forward, never back; the last value now."""
    spec = executor.adapt(spec)
    plan = later(lambda: plans.advance_to(spec, executor.dialect, value, wait))
    return run_on_sync(spec, plan, executor, writes=True)


def delete(spec: SequenceSpec, executor: SyncExecutor, wait: Waiting) -> bool:
    """Delete the sequence; whether there was one."""
    spec = executor.adapt(spec)
    plan = later(lambda: plans.delete(spec, executor.dialect, wait))
    return run_on_sync(spec, plan, executor, writes=True)


def allocate(allocation: Allocation[D], executor: SyncExecutor, wait: Waiting) -> Any:
    """Draw from several sequences and numberings; there is something to draw."""
    plan = later(lambda: allocation.plan(executor.dialect, wait))
    return run_on_sync(allocation.subject, plan, executor, writes=True, drawn=count_drawn)
