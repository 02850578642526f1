"""What a sequence is: its parameters, valid or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple, TypeGuard

from aseq.errors import InvalidSequence

from .arithmetic import Cycle, fits
from .table import TableName

DEFAULT_TABLE = "aseq_sequence"
# django-sequences' own table, where its clients draw without queueing.
DJANGO_SEQUENCES_TABLE = "sequences_sequence"

NAME_LIMIT = 100


@dataclass(frozen=True, slots=True, weakref_slot=True)
class SequenceSpec:
    """The validated, frozen parameters of one sequence.

    Two specs with equal parameters are equal and hash alike.
    """

    name: str = "default"
    initial_value: int = 1
    reset_value: int | None = None
    _: KW_ONLY
    step: int = 1
    table: str = DEFAULT_TABLE
    require_transaction: bool = True
    fair: bool | None = None
    queue: str | None = None

    def __post_init__(self) -> None:
        _check_name("name", self.name)
        _check_integer("initial_value", self.initial_value)
        _check_integer("step", self.step)
        if self.step == 0:
            raise InvalidSequence("step", "must not be 0")
        if self.reset_value is not None:
            _check_integer("reset_value", self.reset_value)
            _check_reset(self.initial_value, self.step, self.reset_value)
        TableName.parse(self.table)
        if not isinstance(self.require_transaction, bool):
            raise InvalidSequence("require_transaction", "must be True or False")
        if self.fair is not None and not isinstance(self.fair, bool):
            raise InvalidSequence("fair", "must be True, False or None")
        if self.queue is not None:
            _check_name("queue", self.queue)

    @property
    def _cycle(self) -> Cycle | None:
        """The values the sequence loops over, or None if it has no end."""
        if self.reset_value is None:
            return None
        return Cycle(self.initial_value, self.step, self.reset_value)

    @property
    def _queued(self) -> bool:
        """Whether callers stand in the fair queue; in django-sequences' table they don't."""
        if self.fair is None:
            return TableName.parse(self.table).name != DJANGO_SEQUENCES_TABLE
        return self.fair

    @property
    def _queue(self) -> str:
        """Whose queue callers stand in."""
        return self.name if self.queue is None else self.queue

    @property
    def _series(self) -> tuple[str, ...]:
        """What hooks call it."""
        return (self.name,)

    def _counter(self) -> Always:
        """What is drawn from, where several are: see `counter.Drawable`."""
        return Always(self)

    def _check_count(self, count: int) -> None:
        """Refuse a batch that can't exist.

        Raises:
            InvalidSequence: not an integer, negative, or too large.
        """
        if not _is_integer(count) or count < 0:
            raise InvalidSequence("count", f"must be an integer of at least 0, not {count!r}")
        cycle = self._cycle
        if cycle is not None and count > cycle.length:
            raise InvalidSequence(
                "count", f"must be at most {cycle.length}, the length of the cycle, not {count}"
            )
        if not fits(count * self.step):
            raise InvalidSequence("count", f"is too large: {count} steps don't fit in 64 bits")

    def _check_value(self, value: int) -> None:
        """Refuse a value that the sequence can't have.

        Raises:
            InvalidSequence: not a 64-bit integer, or off the cycle.
        """
        _check_integer("value", value)
        cycle = self._cycle
        if cycle is not None and value not in cycle.values:
            raise InvalidSequence(
                "value",
                f"must be one that the sequence loops over: {cycle.first} to {cycle.final} "
                f"in steps of {cycle.step}, not {value}",
            )


class Always(NamedTuple):
    """A sequence as a `counter.Counter`: the right one at any moment."""

    spec: SequenceSpec
    span: None = None

    @property
    def series(self) -> str:
        return self.spec.name

    def numbers(self, values: Sequence[int], clock: int) -> Sequence[int]:
        return values

    def at(self, clock: int) -> Always:
        return self


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_integer(argument: str, value: object) -> None:
    if not _is_integer(value):
        raise InvalidSequence(argument, f"must be an integer, not {value!r}")
    if not fits(value):
        raise InvalidSequence(argument, f"must fit in 64 bits: {value} doesn't")


def _check_name(argument: str, name: object) -> None:
    if not isinstance(name, str):
        raise InvalidSequence(argument, f"must be a str, not {type(name).__name__}")
    if not 1 <= len(name) <= NAME_LIMIT:
        raise InvalidSequence(
            argument, f"must have 1 to {NAME_LIMIT} characters: this one has {len(name)}"
        )
    if "\0" in name:
        raise InvalidSequence(argument, "must not contain a NUL character: databases refuse it")
    if not name.isprintable() and any("\ud800" <= char <= "\udfff" for char in name):
        raise InvalidSequence(
            argument, "must be valid Unicode: it contains half a surrogate pair"
        )


def _check_reset(initial: int, step: int, reset: int) -> None:
    distance = reset - initial
    if distance * step <= 0:
        side = "greater" if step > 0 else "less"
        raise InvalidSequence(
            "reset_value",
            f"must be {side} than initial_value: the sequence starts again before it "
            f"gets there, and {reset} would leave no value from {initial} on",
        )
    if not fits(distance + step):
        raise InvalidSequence(
            "reset_value", "is too far from initial_value: a cycle and a step fit in 64 bits"
        )
