"""The operations, as plans: generators that yield statements and are sent rows.

A plan decides; somebody else does the talking. Driving one takes no event loop and no
database.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias, TypeVar, cast

from aseq.errors import AseqError, InvalidSequence, SequenceExhausted, SequenceLocked

from .arithmetic import Cycle, batch, bounds, fits
from .dialects import Dialect, Draw
from .spec import SequenceSpec
from .statement import Bind, Row, Statement
from .table import TableName

T = TypeVar("T")
Plan: TypeAlias = Generator[Statement, Sequence[Row], T]

_LOCKED = "nowait=True doesn't wait for it. The transaction is usable, and nothing was written"


def next_values(
    spec: SequenceSpec, dialect: Dialect, count: int, *, nowait: bool = False
) -> Plan[Sequence[int]]:
    """Draw `count` numbers, at least one, in one statement."""
    rows = yield _draw(spec, dialect, count, nowait)
    end = _integer(rows[0][0]) if rows else None
    if end is None:
        raise (yield from _refusal(spec, dialect, count, nowait=nowait))
    cycle = spec.cycle
    return batch(end, spec.step, count) if cycle is None else cycle.batch(end, count)


@lru_cache(maxsize=1024)
def _draw(spec: SequenceSpec, dialect: Dialect, count: int, nowait: bool) -> Statement:
    cycle = spec.cycle
    template = dialect.draw[Draw(cycle is not None, spec.queued, nowait)]
    binds = _endless_binds(spec, count) if cycle is None else _looping_binds(spec, cycle, count)
    queues = _queues(spec, dialect)
    return Statement(template, TableName.parse(spec.table), binds, nowait, queues)


def _queues(spec: SequenceSpec, dialect: Dialect) -> bool:
    return spec.queued and dialect.enqueue is not None


def _endless_binds(spec: SequenceSpec, count: int) -> dict[str, Bind]:
    distance = count * spec.step
    start = spec.initial_value + distance - spec.step
    if not fits(start):
        raise SequenceExhausted(spec.name, None)
    within = bounds(distance)
    return {
        "name": spec.name,
        "start": start,
        "advance": distance,
        "lowest": within.start,
        "highest": within.stop - 1,
    }


def _looping_binds(spec: SequenceSpec, cycle: Cycle, count: int) -> dict[str, Bind]:
    return {
        "name": spec.name,
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
    """Why nothing was drawn: the sequence is at its end, or somebody holds it."""
    if nowait and spec.cycle is not None:
        return SequenceLocked(spec.name, _LOCKED)
    last = yield from last_value(spec, dialect)
    if nowait and (last is None or last in bounds(count * spec.step)):
        return SequenceLocked(spec.name, _LOCKED)
    return SequenceExhausted(spec.name, last)


def last_value(spec: SequenceSpec, dialect: Dialect) -> Plan[int | None]:
    """Read the last value drawn."""
    table = TableName.parse(spec.table)
    rows = yield Statement(dialect.last_value, table, {"name": spec.name})
    return _integer(rows[0][0]) if rows else None


def _integer(value: object) -> int | None:
    """A bigint, or NULL, where the connection may have a codec of the caller's for it."""
    return int(value) if isinstance(value, (str, Decimal)) else cast("int | None", value)


def advance_to(spec: SequenceSpec, dialect: Dialect, value: int) -> Plan[int]:
    """Move the last value forward to `value`, never back."""
    upwards = spec.step > 0
    template = dialect.advance[upwards, spec.queued]
    binds: dict[str, Bind] = {"name": spec.name, "start": _start(spec, value), "value": value}
    queues = _queues(spec, dialect)
    rows = yield Statement(template, TableName.parse(spec.table), binds, queues=queues)
    return cast("int", _integer(rows[0][0]))


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
    table = TableName.parse(spec.table)
    if spec.queued and dialect.enqueue is not None:
        # A statement of its own: the next one sees what was committed while this waited.
        yield Statement(dialect.enqueue, table, {"name": spec.name}, queues=True)
    rows = yield Statement(dialect.delete, table, {"name": spec.name})
    return bool(rows)


def create_table(dialect: Dialect, table: TableName) -> Plan[None]:
    """Create the table of sequences, if it isn't there."""
    for template in dialect.create:
        yield Statement(template, table)


def drop_table(dialect: Dialect, table: TableName) -> Plan[None]:
    """Drop the table of sequences, if it is there."""
    yield Statement(dialect.drop, table)
