"""Drawing document numbers: one moment decides number, period and date.

A period has to be chosen to know which counter to ask, and then somebody else may hold it.
When the wait is over, the year may be over, too. So the server draws only if its clock,
read when nothing is waited for any more, is within the period that was chosen. Otherwise
it only tells the time, and the plan asks again for the period of that moment, in the same
transaction: nothing was written. It was in the queue then, which is the same for all
periods, so it doesn't stand in it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from aseq._core import plans
from aseq._core.dialects import Dialect
from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec
from aseq._core.timed import TRIES, given_up, next_values_within
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Waiting

from ._clock import from_microseconds, microseconds
from ._documents import DocumentNumber
from ._scope import Scope
from ._spec import NumberingSpec, Span

Adapt: TypeAlias = Callable[[SequenceSpec], SequenceSpec]


def draw_at(
    spec: NumberingSpec,
    dialect: Dialect,
    scope: Scope,
    count: int,
    at: datetime,
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
    adapt: Adapt = lambda sequence: sequence,
) -> Plan[list[DocumentNumber]]:
    """Draw numbers of the period of a moment that the caller chose."""
    period = spec.span(at).period
    sequence = adapt(spec.counter(scope, period))
    values = yield from plans.next_values(sequence, dialect, count, waiting)
    return spec.documents(values, at, scope, period)


def draw_now(
    spec: NumberingSpec,
    dialect: Dialect,
    scope: Scope,
    count: int,
    guess: datetime,
    learn: Callable[[datetime], object],
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
    adapt: Adapt = lambda sequence: sequence,
) -> Plan[list[DocumentNumber]]:
    """Draw numbers of the period in which their turn comes, by the server's clock.

    Args:
        spec: the numbering.
        dialect: what the server understands.
        scope: all scopes with their values.
        count: how many numbers, at least one.
        guess: what the server's clock may say.
        learn: told what it does say, when the guess was of another period.
        waiting: how long to wait for the sequence, all tries together.
        adapt: the sequence as the connection's project has it.
    """
    at, tries = guess, 0
    while True:
        span = spec.span(at)
        sequence = adapt(spec.counter(scope, span.period))
        drawn = yield from next_values_within(
            sequence, dialect, count, _microseconds(span), waiting
        )
        waiting = drawn.left
        at = from_microseconds(drawn.clock)
        if drawn.values is not None:
            return spec.documents(drawn.values, at, scope, span.period)
        learn(at)
        tries += 1
        if tries == TRIES:
            raise given_up(sequence.name, within=span.since <= at < span.until)


def _microseconds(span: Span) -> range:
    return range(microseconds(span.since), microseconds(span.until))
