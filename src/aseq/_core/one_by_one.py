"""Draws from several sequences, each in a statement of its own, for a server that needs it so.

The order is that of the locks, which everybody has. An error after the first draw is
`PartlyDrawn`, and leaves nothing but a rollback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aseq.errors import AseqError

from .counter import Counter
from .dialects import Dialect
from .plans import next_values
from .scripts import PartlyDrawn, Plan
from .spec import SequenceSpec
from .timed import TRIES, given_up, next_values_within
from .waiting import Waiting
from .wants import Want, check_start


def draw_each(
    wants: Sequence[tuple[Counter[Any], Want]],
    dialect: Dialect,
    waiting: Waiting,
    adapt: Callable[[SequenceSpec], SequenceSpec],
) -> Plan[list[Sequence[Any]]]:
    """Draw from all of them, in this order; their numbers.

    Args:
        wants: where each comes from, and what that means.
        dialect: what the server understands.
        waiting: how long to wait for each.
        adapt: a sequence as the connection's project has it.

    Raises:
        InvalidSequence: the first values of one don't fit.
    """
    for _, (spec, count, _) in wants:
        check_start(spec, count)
    drawn = list[Sequence[Any]]()
    try:
        for counter, want in wants:
            drawn.append((yield from _draw(counter, want, dialect, waiting, adapt)))
    except AseqError as error:
        if drawn:
            raise PartlyDrawn(error) from None
        raise
    return drawn


def _draw(
    counter: Counter[Any],
    want: Want,
    dialect: Dialect,
    waiting: Waiting,
    adapt: Callable[[SequenceSpec], SequenceSpec],
) -> Plan[Sequence[Any]]:
    spec, count, span = want
    if span is None:
        return counter.numbers((yield from next_values(spec, dialect, count, waiting)), 0)
    within = False
    for _ in range(TRIES):
        values, clock, _ = yield from next_values_within(spec, dialect, count, span, waiting)
        if values is not None:
            return counter.numbers(values, clock)
        within = clock in span
        counter = counter.at(clock)
        spec, span = adapt(counter.spec), counter.span or span
    raise given_up(spec.name, within=within)
