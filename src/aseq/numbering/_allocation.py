"""A bound numbering, as it is drawn from beside others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aseq._core.spec import SequenceSpec

from ._clock import from_microseconds, microseconds
from ._documents import DocumentNumber
from ._scope import Scope
from ._spec import NumberingSpec, Span


@dataclass(frozen=True, slots=True)
class PeriodCounter:
    """The counter of one scope and of the period of a moment: see `Counter`.

    Attributes:
        numbering: whose.
        scope: all scopes with their values.
        moment: the moment.
        learn: told what the server's clock says, when the moment was of another period.
    """

    numbering: NumberingSpec
    scope: Scope
    moment: datetime
    learn: Callable[[datetime], object]

    @property
    def _span(self) -> Span:
        return self.numbering.span(self.moment)

    @property
    def series(self) -> str:
        return self.numbering.name

    @property
    def spec(self) -> SequenceSpec:
        return self.numbering.counter(self.scope, self._span.period)

    @property
    def span(self) -> range:
        return range(microseconds(self._span.since), microseconds(self._span.until))

    def numbers(self, values: Sequence[int], clock: int) -> Sequence[DocumentNumber]:
        at, period = from_microseconds(clock), self._span.period
        return self.numbering.documents(values, at, self.scope, period)

    def at(self, clock: int) -> PeriodCounter:
        moment = from_microseconds(clock)
        self.learn(moment)
        return PeriodCounter(self.numbering, self.scope, moment, self.learn)
