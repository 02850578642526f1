"""What is drawn from another sequence at another time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aseq._core.spec import SequenceSpec


class Daily(NamedTuple):
    """What is drawn from another sequence each "day" of 100 microseconds."""

    name: str
    day: int = 0

    @property
    def spec(self) -> SequenceSpec:
        return SequenceSpec(f"{self.name}/{self.day}", queue=self.name)

    @property
    def series(self) -> str:
        return self.name

    @property
    def span(self) -> range:
        return range(self.day * 100, self.day * 100 + 100)

    def numbers(self, values: Sequence[int], clock: int) -> Sequence[str]:
        return [f"{self.day}-{value} at {clock}" for value in values]

    def at(self, clock: int) -> Daily:
        return Daily(self.name, clock // 100)

    def _counter(self) -> Daily:
        return self
