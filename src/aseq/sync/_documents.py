"""What is done with a numbering on one connection, wherever that comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Waiting
from aseq._drive_sync import read_on_sync, run_on_sync
from aseq.adapters.base import SyncExecutor
from aseq.numbering import DocumentNumber, TakenOver
from aseq.numbering._days import chosen
from aseq.numbering._draw import drawing, previewing
from aseq.numbering._scope import Scope
from aseq.numbering._spec import NumberingSpec
from aseq.numbering._take_over import reading

from . import _verbs


def draw(
    spec: NumberingSpec,
    executor: SyncExecutor,
    scope: Scope,
    count: int,
    at: datetime | None,
    wait: Waiting,
) -> Sequence[DocumentNumber]:
    """Draw the next numbers, all of one moment."""
    drawn = drawing(spec, executor, scope, count, chosen(at), wait)
    return run_on_sync(drawn.subject, drawn.plan, executor, writes=True, drawn=len)


def preview(
    spec: NumberingSpec, executor: SyncExecutor, scope: Scope, at: datetime | None
) -> DocumentNumber:
    """The number that would come."""
    seen = previewing(spec, executor, scope, chosen(at))
    return run_on_sync(seen.subject, seen.plan, executor, writes=False)


def take_over(
    spec: NumberingSpec,
    connect: Callable[[], SyncExecutor],
    source: object,
    unprinted: Mapping[str, object],
) -> TakenOver:
    """Move the counters behind the numbers that a source has.

    Args:
        spec: whose counters.
        connect: makes an executor of the connection, for each call again.
        source: where the numbers are.
        unprinted: the scopes that they don't tell.
    """
    plan: Any = reading(spec, source, unprinted)
    executor, counters = connect(), dict[str, int]()
    about = executor.adapt(spec.counter((), None))
    furthest = read_on_sync(about, plan, executor, writes_next=True)
    for sequence, number in furthest.in_order():
        moved = _verbs.advance_to(sequence, connect(), number, AS_LONG_AS_IT_TAKES)
        counters[sequence.name] = moved
    return TakenOver(counters, tuple(furthest.unread))
