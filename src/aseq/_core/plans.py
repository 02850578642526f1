"""The operations, as plans: generators that yield statements and are sent rows.

A plan decides; somebody else does the talking. Driving one takes no event loop and no
database.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar, cast

from aseq.errors import (
    AseqError,
    InvalidSequence,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
)

from .arithmetic import Cycle, batch, bounds, fits
from .dialects import Dialect, Draw, TimedDraw
from .spec import SequenceSpec
from .statement import Bind, Row, Script, Statement
from .table import TableName

T = TypeVar("T")
Plan: TypeAlias = Generator[Statement, Sequence[Row], T]

_LOCKED = "nowait=True doesn't wait for it. The transaction is usable, and nothing was written"


def next_values(
    spec: SequenceSpec, dialect: Dialect, count: int, *, nowait: bool = False
) -> Plan[Sequence[int]]:
    """Draw `count` numbers, at least one, in one go."""
    rows = yield from _say(_draw(spec, dialect, count, nowait))
    end = _last(spec, rows, lost=nowait)
    if end is None:
        raise (yield from _refusal(spec, dialect, count, nowait=nowait))
    cycle = spec._cycle
    return batch(end, spec.step, count) if cycle is None else cycle.batch(end, count)


@lru_cache(maxsize=1024)
def _draw(
    spec: SequenceSpec, dialect: Dialect, count: int, nowait: bool
) -> tuple[Statement, ...]:
    cycle = spec._cycle
    script = dialect.draw[Draw(cycle is not None, spec._queued, nowait)]
    binds = _endless_binds(spec, count) if cycle is None else _looping_binds(spec, cycle, count)
    return _statements(script, TableName.parse(spec.table), binds, nowait=nowait)


def _statements(
    script: Script, table: TableName, binds: Mapping[str, Bind], *, nowait: bool = False
) -> tuple[Statement, ...]:
    return tuple([Statement(template, table, binds, nowait) for template in script])


def _say(statements: Iterable[Statement]) -> Plan[Sequence[Row]]:
    """Say one after the other; the last one's rows."""
    rows: Sequence[Row] = ()
    for statement in statements:
        rows = yield statement
    return rows


def _endless_binds(spec: SequenceSpec, count: int) -> dict[str, Bind]:
    distance = count * spec.step
    start = spec.initial_value + distance - spec.step
    if not fits(start):
        raise SequenceExhausted(spec.name, None)
    within = bounds(distance)
    return {
        "name": spec.name,
        "queue": spec._queue,
        "start": start,
        "advance": distance,
        "lowest": within.start,
        "highest": within.stop - 1,
    }


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


def _refusal(
    spec: SequenceSpec, dialect: Dialect, count: int, *, nowait: bool
) -> Plan[AseqError]:
    """Why nothing was drawn: the sequence is at its end, or somebody holds or bars it."""
    endless = spec._cycle is None
    if nowait and not endless:
        return SequenceLocked(spec.name, _LOCKED)
    last = yield from last_value(spec, dialect)
    if endless and last is not None and last not in bounds(count * spec.step):
        return SequenceExhausted(spec.name, last)
    if nowait:
        return SequenceLocked(spec.name, _LOCKED)
    now = "it has no row" if last is None else f"its last value is {last}"
    return SequenceCorrupted(spec.name, f"a draw changed nothing, and {now}")


class Timed(NamedTuple):
    """What became of a draw within a span of time.

    Attributes:
        values: the values; None if the server's clock wasn't within the span. (If it is
            now, it was set back meanwhile, or something else keeps the row from changing.)
        clock: what it said, in microseconds since 1970; within the span, if there are
            values.
    """

    values: Sequence[int] | None
    clock: int


def next_values_within(
    spec: SequenceSpec, dialect: Dialect, count: int, span: range, *, nowait: bool = False
) -> Plan[Timed]:
    """Draw `count` numbers if the server's clock is within a span when their turn comes.

    Args:
        spec: the sequence, which doesn't loop.
        dialect: what the server understands.
        count: how many numbers, at least one.
        span: moments, in microseconds since 1970.
        nowait: don't wait for the sequence.
    """
    rows = yield from _say(_timed_draw(spec, dialect, count, span, nowait))
    end = _last(spec, rows, lost=True)
    if not rows:
        rows = yield from _about(spec, dialect.clock)
    clock = cast("int", _integer(rows[0][-1]))
    if end is not None:
        # It was looked at before it was read.
        return Timed(batch(end, spec.step, count), min(clock, span[-1]))
    if clock in span:
        last = yield from last_value(spec, dialect)
        if last is not None and last not in bounds(count * spec.step):
            raise SequenceExhausted(spec.name, last)
        if nowait:
            raise SequenceLocked(spec.name, _LOCKED)
    return Timed(None, clock)


@lru_cache(maxsize=1024)
def _timed_draw(
    spec: SequenceSpec, dialect: Dialect, count: int, span: range, nowait: bool
) -> tuple[Statement, ...]:
    script = dialect.timed_draw[TimedDraw(spec._queued, nowait)]
    binds = {**_endless_binds(spec, count), "since": span[0], "latest": span[-1]}
    return _statements(script, TableName.parse(spec.table), binds, nowait=nowait)


def last_value(spec: SequenceSpec, dialect: Dialect) -> Plan[int | None]:
    """Read the last value drawn."""
    rows = yield from _about(spec, dialect.last_value)
    return _last(spec, rows)


def preview(spec: SequenceSpec, dialect: Dialect) -> Plan[int]:
    """What the next draw would give, if nobody else draws. The sequence doesn't loop."""
    last = yield from last_value(spec, dialect)
    following = spec.initial_value if last is None else last + spec.step
    if not fits(following):
        raise SequenceExhausted(spec.name, last)
    return following


def _about(spec: SequenceSpec, script: Script, **binds: int) -> Plan[Sequence[Row]]:
    """A script about one sequence."""
    table = TableName.parse(spec.table)
    return _say(_statements(script, table, {"name": spec.name, "queue": spec._queue, **binds}))


def _last(spec: SequenceSpec, rows: Sequence[Row], *, lost: bool = False) -> int | None:
    """The last value in the row of a sequence; None without a row.

    Args:
        spec: the sequence.
        rows: one, or none.
        lost: whether there may be a row with NULL instead of none.

    Raises:
        SequenceCorrupted: the row has something else.
    """
    if not rows:
        return None
    last = _integer(rows[0][0])
    if last is None and lost:
        return None
    if not isinstance(last, int):
        found = "NULL" if last is None else repr(last)
        raise SequenceCorrupted(spec.name, f"its last value is {found}, not an integer")
    return last


def _integer(value: object) -> int | None:
    """A bigint, or NULL, where the connection may have a codec of the caller's for it."""
    return int(value) if isinstance(value, (str, Decimal)) else cast("int | None", value)


def advance_to(spec: SequenceSpec, dialect: Dialect, value: int) -> Plan[int]:
    """Move the last value forward to `value`, never back."""
    script = dialect.advance[spec.step > 0, spec._queued]
    rows = yield from _about(spec, script, start=_start(spec, value), value=value)
    last = _last(spec, rows)
    if last is None:
        raise SequenceCorrupted(spec.name, f"advancing it to {value} left no row")
    return last


def _start(spec: SequenceSpec, value: int) -> int:
    """The last value of a new row: `value`, unless the first value is still to come."""
    if (value - spec.initial_value) * spec.step >= 0:
        return value
    before = spec.initial_value - spec.step
    if not fits(before):
        raise InvalidSequence("value", "is before initial_value, and nothing fits before that")
    return before


def delete(spec: SequenceSpec, dialect: Dialect) -> Plan[bool]:
    """Delete the sequence."""
    rows = yield from _about(spec, dialect.delete[spec._queued])
    return bool(rows)


def create_table(dialect: Dialect, table: TableName) -> Plan[None]:
    """Create the table of sequences, if it isn't there."""
    if dialect.exists:
        [[exists]] = yield from _say(_statements(dialect.exists, table, {}))
        if exists:
            return
    yield from _say(_statements(dialect.create, table, {}))


def drop_table(dialect: Dialect, table: TableName) -> Plan[None]:
    """Drop the table of sequences, if it is there."""
    yield from _say(_statements(dialect.drop, table, {}))
