"""What can be drawn from beside others, in one statement: a sequence, or a numbering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from aseq.errors import InvalidSequence

from .spec import SequenceSpec

N_co = TypeVar("N_co", covariant=True)


class Counter(Protocol[N_co]):
    """The sequence that numbers come from, and how long it is the right one."""

    @property
    def spec(self) -> SequenceSpec:
        """The sequence."""
        ...

    @property
    def span(self) -> range | None:
        """The moments at which it is the right one, in microseconds since 1970; None: all."""
        ...

    @property
    def series(self) -> str:
        """What hooks call it."""
        ...

    def numbers(self, values: Sequence[int], clock: int) -> Sequence[N_co]:
        """What the caller gets for values that were drawn at a moment within the span."""
        ...

    def at(self, clock: int) -> Counter[N_co]:
        """The counter that is the right one at a moment, which the server told."""
        ...


class Drawable(Protocol[N_co]):
    """What numbers can be drawn from: an `AsyncSequence`, or a `Numbering` that is bound."""

    def _counter(self) -> Counter[N_co]:
        """Its counter, as far as can be told without asking the server.

        Raises:
            InvalidSequence: it isn't known yet which one.
        """
        ...


def check_all_drawable(sequences: Iterable[object]) -> None:
    """Refuse what numbers can't be drawn from.

    Raises:
        InvalidSequence: there is something else among them.
    """
    for each in sequences:
        if not hasattr(each, "_counter"):
            raise InvalidSequence(
                "sequences", f"has {each!r}, which is neither an AsyncSequence nor a Numbering"
            )
