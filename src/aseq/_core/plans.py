"""The operations, as plans. A plan decides; somebody else does the talking."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from aseq.errors import (
    AseqError,
    InvalidSequence,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
)

from .arithmetic import batch, bounds, fits
from .binds import draw_binds
from .dialects import Dialect, Draw, Move
from .scripts import Plan, about, last_in, say, statements
from .spec import SequenceSpec
from .statement import Statement
from .table import TableName
from .waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting

LOCKED = (
    "nowait=True doesn't wait for it. The transaction is usable, and nothing was written. "
    "`aseq.holders` tells who holds it"
)


def next_values(
    spec: SequenceSpec,
    dialect: Dialect,
    count: int,
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
) -> Plan[Sequence[int]]:
    """Draw `count` numbers, at least one, in one go."""
    draw = _draw(spec, dialect, count, waiting.kind)
    end = last_in(spec, (yield from say(draw, waiting)))
    if end is None:
        raise (yield from refusal(spec, dialect, count, waiting.kind))
    cycle = spec._cycle
    return batch(end, spec.step, count) if cycle is None else cycle.batch(end, count)


@lru_cache(maxsize=1024)
def _draw(
    spec: SequenceSpec, dialect: Dialect, count: int, wait: Wait
) -> tuple[Statement, ...]:
    binds = draw_binds(spec, count)
    kind = Draw(spec._cycle is not None, spec._queued, wait, "start" in binds)
    return statements(dialect.draw[kind], TableName.parse(spec.table), binds)


def refusal(spec: SequenceSpec, dialect: Dialect, count: int, wait: Wait) -> Plan[AseqError]:
    """Why nothing was drawn: the sequence is at its end, or somebody holds or bars it."""
    endless = spec._cycle is None
    if wait is Wait.NONE and not endless:
        return SequenceLocked(spec.name, LOCKED)
    last = yield from last_value(spec, dialect)
    if endless:
        start = spec.initial_value + (count - 1) * spec.step
        if not fits(start) if last is None else last not in bounds(count * spec.step):
            return SequenceExhausted(spec.name, last)
    if wait is Wait.NONE:
        return SequenceLocked(spec.name, LOCKED)
    now = "it has no row" if last is None else f"its last value is {last}"
    return SequenceCorrupted(spec.name, f"a draw changed nothing, and {now}")


def last_value(spec: SequenceSpec, dialect: Dialect) -> Plan[int | None]:
    """Read the last value drawn."""
    rows = yield from about(spec, dialect.last_value)
    last = last_in(spec, rows)
    if rows and last is None:
        raise SequenceCorrupted(spec.name, "its last value is NULL, not an integer")
    return last


def preview(spec: SequenceSpec, dialect: Dialect) -> Plan[int]:
    """What the next draw would give, if nobody else draws. The sequence doesn't loop."""
    last = yield from last_value(spec, dialect)
    following = spec.initial_value if last is None else last + spec.step
    if not fits(following):
        raise SequenceExhausted(spec.name, last)
    return following


def advance_to(
    spec: SequenceSpec,
    dialect: Dialect,
    value: int,
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
) -> Plan[int]:
    """Move the last value forward to `value`, never back."""
    script = dialect.advance[spec.step > 0, Move(spec._queued, waiting.kind)]
    rows = yield from about(spec, script, waiting, start=_start(spec, value), value=value)
    last = last_in(spec, rows)
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


def delete(
    spec: SequenceSpec, dialect: Dialect, waiting: Waiting = AS_LONG_AS_IT_TAKES
) -> Plan[bool]:
    """Delete the sequence."""
    script = dialect.delete[Move(spec._queued, waiting.kind)]
    rows = yield from about(spec, script, waiting)
    return bool(rows) and rows[0][0] is not None


def create_table(dialect: Dialect, table: TableName) -> Plan[None]:
    """Create the table of sequences, if it isn't there."""
    if dialect.exists:
        [[exists]] = yield from say(statements(dialect.exists, table, {}))
        if exists:
            return
    yield from say(statements(dialect.create, table, {}))


def drop_table(dialect: Dialect, table: TableName) -> Plan[None]:
    """Drop the table of sequences, if it is there."""
    yield from say(statements(dialect.drop, table, {}))
