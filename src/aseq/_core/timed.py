"""Draws within a span of time, by the server's clock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from aseq.errors import (
    AseqError,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    UnsteadyClock,
)

from .arithmetic import batch, bounds
from .binds import draw_binds
from .dialects import Dialect, TimedDraw
from .plans import LOCKED, last_value
from .scripts import Plan, about, integer, last_in, say, statements
from .spec import SequenceSpec
from .statement import Row, Script, Statement
from .table import TableName
from .waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting

TRIES = 3
"""A guess that is wrong, one that is right until midnight passes, and the one after that."""


def given_up(sequence: str, *, within: bool) -> AseqError:
    """Why none of the tries drew anything.

    Args:
        sequence: the name of the sequence that was tried last.
        within: whether the clock was within its span all the same.
    """
    if within:
        return SequenceCorrupted(sequence, f"{TRIES} draws changed nothing")
    return UnsteadyClock(sequence, TRIES)


class Timed(NamedTuple):
    """What became of a draw within a span of time.

    Attributes:
        values: the values; None if the server's clock wasn't within the span. (If it is
            now, it was set back meanwhile, or something else keeps the row from changing.)
        clock: what it said, in microseconds since 1970; within the span, if there are
            values.
        left: how long another try may wait.
    """

    values: Sequence[int] | None
    clock: int
    left: Waiting


def next_values_within(
    spec: SequenceSpec,
    dialect: Dialect,
    count: int,
    span: range,
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
) -> Plan[Timed]:
    """Draw `count` numbers if the server's clock is within a span when their turn comes.

    Args:
        spec: the sequence, which doesn't loop.
        dialect: what the server understands.
        count: how many numbers, at least one.
        span: moments, in microseconds since 1970.
        waiting: how long to wait for the sequence.
    """
    script = dialect.timed_draw[TimedDraw(spec._queued, waiting.kind)]
    rows = yield from say(drawing_within(spec, script, count, span), waiting)
    return (yield from drawn_within(spec, dialect, count, span, waiting, rows))


def drawn_within(
    spec: SequenceSpec,
    dialect: Dialect,
    count: int,
    span: range,
    waiting: Waiting,
    rows: Sequence[Row],
) -> Plan[Timed]:
    """What became of a draw whose answer is `rows`: see `Dialect.timed_draw`."""
    end, left = last_in(spec, rows), waiting
    if rows and waiting.kind is Wait.BOUNDED and len(rows[0]) > 2:
        left = waiting.after(cast("int", integer(rows[0][-2])))
    if not rows or len(rows[0]) == 1:
        rows = yield from about(spec, dialect.clock)
    clock = cast("int", integer(rows[0][-1]))
    if end is not None:
        # It was looked at before it was read.
        return Timed(batch(end, spec.step, count), min(clock, span[-1]), left)
    if clock in span:
        last = yield from last_value(spec, dialect)
        if last is not None and last not in bounds(count * spec.step):
            raise SequenceExhausted(spec.name, last)
        if waiting.kind is Wait.NONE:
            raise SequenceLocked(spec.name, LOCKED)
    return Timed(None, clock, left)


@lru_cache(maxsize=1024)
def drawing_within(
    spec: SequenceSpec, script: Script, count: int, span: range
) -> tuple[Statement, ...]:
    """A script that draws within a span of time, with its values.

    Raises:
        SequenceExhausted: there never are so many numbers.
    """
    binds = draw_binds(spec, count)
    if "start" not in binds:
        raise SequenceExhausted(spec.name, None)
    binds |= {"since": span[0], "latest": span[-1]}
    return statements(script, TableName.parse(spec.table), binds)
