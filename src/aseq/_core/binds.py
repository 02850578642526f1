"""The values of a draw, as its script names them."""

from __future__ import annotations

from .arithmetic import Cycle, bounds, fits
from .spec import SequenceSpec
from .statement import Bind


def draw_binds(spec: SequenceSpec, count: int) -> dict[str, Bind]:
    """The values of a draw of `count` numbers.

    Returns:
        them by their names; without "start" if the first values wouldn't fit, so that only
        a row that is there already can be moved on.
    """
    cycle = spec._cycle
    return _endless_binds(spec, count) if cycle is None else _looping_binds(spec, cycle, count)


def _endless_binds(spec: SequenceSpec, count: int) -> dict[str, Bind]:
    distance = count * spec.step
    within = bounds(distance)
    binds: dict[str, Bind] = {
        "name": spec.name,
        "queue": spec._queue,
        "advance": distance,
        "lowest": within.start,
        "highest": within.stop - 1,
    }
    start = spec.initial_value + distance - spec.step
    return {**binds, "start": start} if fits(start) else binds


def _looping_binds(spec: SequenceSpec, cycle: Cycle, count: int) -> dict[str, Bind]:
    return {
        "name": spec.name,
        "queue": spec._queue,
        "start": cycle.first + (count - 1) * cycle.step,
        "first": cycle.first,
        "step": cycle.step,
        "low": min(cycle.first, cycle.final),
        "high": max(cycle.first, cycle.final),
        "room": cycle.length - count,
        "advance": count * cycle.step,
        "retreat": (cycle.length - count) * cycle.step,
    }
