"""What the `Numbering` of sync code and that of async code have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Model

from aseq._sequence import AsyncSequence
from aseq.django._sequence.parameters import alias
from aseq.numbering._allocation import PeriodCounter
from aseq.numbering._clock import CLOCK
from aseq.numbering._days import chosen
from aseq.numbering._scope import Scope
from aseq.numbering._spec import NumberingSpec


@dataclass(frozen=True, slots=True)
class DjangoNumbering(NumberingSpec):
    """A numbering's parameters, and the database that has its counters."""

    using: str | None = field(default=None, kw_only=True)

    def _counter(self) -> PeriodCounter:
        return PeriodCounter(self, self._bound_scope(), CLOCK.now(), CLOCK.learn)

    def _name(self, scope: Scope, at: dt.datetime | None) -> str:
        """What the counter is called, as far as can be told without asking the server."""
        period = self.span(CLOCK.now() if at is None else at).period
        return self.counter(scope, period).name

    def _sequence(self, at: dt.datetime | None) -> AsyncSequence:
        """The sequence of a bound numbering and of the period of a moment."""
        moment = chosen(at) or CLOCK.now()
        return self.counter(self.scope_of({}), self.span(moment).period)

    def _alias(self, route: Callable[[type[Model]], str]) -> str:
        return alias(self.using, route)
