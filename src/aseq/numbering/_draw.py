"""What a numbering does on one connection: a plan, and the sequence that errors speak of."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from aseq._core import plans
from aseq._core.scripts import Plan, later
from aseq._core.spec import SequenceSpec
from aseq._core.subject import Subject
from aseq._core.waiting import Waiting
from aseq.adapters.base import ConnectionInfo

from ._clock import CLOCK
from ._documents import DocumentNumber
from ._plans import draw_at, draw_now
from ._scope import Scope
from ._spec import NumberingSpec

T = TypeVar("T")


class Drawing(NamedTuple, Generic[T]):
    """A plan and what it is about.

    Attributes:
        subject: the sequence, as the connection's project has it.
        plan: what to say to the database.
    """

    subject: Subject
    plan: Plan[T]


def drawing(
    spec: NumberingSpec,
    info: ConnectionInfo,
    scope: Scope,
    count: int,
    at: datetime | None,
    waiting: Waiting,
) -> Drawing[list[DocumentNumber]]:
    """Draw numbers, of a moment that the caller chose or of that at which their turn comes."""
    now = CLOCK.now() if at is None else at
    subject = info.adapt(spec.counter(scope, spec.span(now).period))

    def plan() -> Plan[list[DocumentNumber]]:
        dialect, adapt = info.dialect, info.adapt
        return (
            draw_now(spec, dialect, scope, count, now, CLOCK.learn, waiting, adapt)
            if at is None
            else draw_at(spec, dialect, scope, count, now, waiting, adapt)
        )

    return Drawing(_about(spec, subject), later(plan))


def previewing(
    spec: NumberingSpec, info: ConnectionInfo, scope: Scope, at: datetime | None
) -> Drawing[DocumentNumber]:
    """Tell the number that would come."""
    now = CLOCK.now() if at is None else at
    period = spec.span(now).period
    subject = info.adapt(spec.counter(scope, period))

    def plan() -> Plan[DocumentNumber]:
        number = yield from plans.preview(subject, info.dialect)
        return spec.document(number, now, scope, period)

    return Drawing(_about(spec, subject), plan())


def _about(spec: NumberingSpec, counter: SequenceSpec) -> Subject:
    """Errors speak of the counter, and hooks of the numbering."""
    return Subject(counter.name, counter.table, counter.require_transaction, (spec.name,))
