"""Looping sequences, the slow way: one value at a time. What the arithmetic is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from aseq._core import plans
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import POSTGRESQL
from aseq._core.spec import SequenceSpec

STARTS = (*range(-15, 16), None)

# Where the 64 bits end: the last values from one end, the cycle at the other.
EDGES = tuple(
    (SequenceSpec(initial_value=first, reset_value=reset, step=step), (last, first))
    for (first, reset, step), last in product(
        (
            (MAX - 4, MAX, 1),
            (MAX - 7, MAX, 3),
            (MIN, MIN + 5, 2),
            (MIN + 4, MIN, -1),
            (MAX, MAX - 5, -2),
            (1, MAX // 2, MAX // 4),
            (-1, MIN // 2, MIN // 4),
            (MIN, -1 - MAX // 3, MAX // 3),
            (MAX, MAX // 3 - 1, -(MAX // 3)),
        ),
        (MIN, MIN + 1, -1, 0, 1, MAX - 1, MAX),
    )
)


def small_specs() -> Iterator[SequenceSpec]:
    """Every looping sequence of small numbers, upwards and downwards."""
    steps, firsts, distances = (1, 2, 3, -1, -2, -3), range(-3, 4), range(1, 10)
    for step, first, distance in product(steps, firsts, distances):
        reset = first + distance if step > 0 else first - distance
        yield SequenceSpec(initial_value=first, reset_value=reset, step=step)


def cases() -> Iterator[tuple[SequenceSpec, int | None, int]]:
    """Specs, last values (None: no row) and counts: all small ones, and the edges."""
    for spec in small_specs():
        yield from product((spec,), STARTS, range(1, len(values(spec)) + 1))
    for spec, starts in EDGES:
        yield from product((spec,), starts, range(1, len(values(spec)) + 1))


def values(spec: SequenceSpec) -> list[int]:
    """The values of one cycle, counted out."""
    assert spec.reset_value is not None
    found, value = [], spec.initial_value
    while value < spec.reset_value if spec.step > 0 else value > spec.reset_value:
        found.append(value)
        value += spec.step
    return found


def one_by_one(spec: SequenceSpec, last: int | None, count: int) -> list[int]:
    """The next `count` values after `last`. A last value off the cycle is its end."""
    cycle, drawn = values(spec), list[int]()
    for _ in range(count):
        at_end = last is None or last not in cycle or last == cycle[-1]
        last = spec.initial_value if at_end or last is None else last + spec.step
        drawn.append(last)
    return drawn


def binds_of(spec: SequenceSpec, count: int) -> dict[str, int]:
    """The numbers that a draw sends."""
    statement = next(plans.next_values(spec, POSTGRESQL, count))
    return {key: value for key, value in statement.binds.items() if isinstance(value, int)}


def as_the_database_does(binds: Mapping[str, int], last: int | None) -> int:
    """The CASE of the looping text, as a server computes it: it never leaves 64 bits."""
    if last is None or not binds["low"] <= last <= binds["high"]:
        return _bigint(binds["start"])
    distance, step = _bigint(last - binds["first"]), binds["step"]
    quotient = _bigint(abs(distance) // abs(step) * (1 if (distance < 0) == (step < 0) else -1))
    if distance - quotient * step != 0:  # SQL's remainder has the sign of the dividend
        return _bigint(binds["start"])
    if quotient < binds["room"]:
        return _bigint(last + binds["advance"])
    return _bigint(last - binds["retreat"])


def _bigint(value: int) -> int:
    assert MIN <= value <= MAX, f"{value} is out of range"
    return value
