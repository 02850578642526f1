"""Scripts, as a plan says them: what goes into them, and what comes out.

A plan is a generator that yields statements and is sent rows. Driving one takes no event
loop and no database.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias, TypeVar, cast

from aseq.errors import SequenceCorrupted

from .spec import SequenceSpec
from .statement import IN_DOUBT, Bind, Row, Script, Statement, Template
from .table import TableName
from .waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting

_UNCONFIRMED = (
    "the server answered a draw with another number than the row has: a column of the table "
    "has AUTO_INCREMENT, or a trigger changes what is drawn"
)

T = TypeVar("T")
Plan: TypeAlias = Generator[Statement, Sequence[Row], T]


class PartlyDrawn(Exception):
    """Raised by a plan that drew from some sequences, and not from all that it had to.

    The only argument is the error that says why. The transaction must not be committed.
    """


class NotAnInteger(ValueError):
    """Raised where a row of a sequence has something else than an integer.

    What it has is the only argument: what a codec or a converter of the caller's made of it.
    """

    def __str__(self) -> str:
        return f"{self.args[0]!r} isn't an integer"


class NothingDrawn(Exception):
    """Raised by a plan that has only read, taken places in queues or locked rows.

    The only argument is the error that says why it went no further. The transaction stays
    usable.
    """


def later(make: Callable[[], Plan[T]]) -> Plan[T]:
    """A plan that is made when it begins: before that, the server may not be known."""
    return (yield from make())


def statements(
    script: Script, table: TableName, binds: Mapping[str, Bind]
) -> tuple[Statement, ...]:
    """A script about a table, with values."""
    return tuple([Statement(template, table, binds) for template in script])


def say(
    script: Iterable[Statement], waiting: Waiting = AS_LONG_AS_IT_TAKES
) -> Plan[Sequence[Row]]:
    """Say one after the other; the last one's rows.

    The time is for all of them. Where the server is told it in the text, a statement that
    isn't the last one answers first with the milliseconds that it took.
    """
    rows: Sequence[Row] = ()
    left = waiting
    for statement in script:
        if rows and left.kind is Wait.BOUNDED:
            left = left.after(cast("int", integer(rows[0][0])))
        rows = yield _bounded(statement, left)
        if statement.template.confirm and rows and rows[0] is IN_DOUBT:
            rows = yield from _confirmed(statement)
    return rows


def _confirmed(statement: Statement) -> Plan[Sequence[Row]]:
    rows = yield statement._replace(template=Template(statement.template.confirm))
    if not rows:
        raise SequenceCorrupted(str(statement.binds["name"]), _UNCONFIRMED)
    return rows


def _bounded(statement: Statement, waiting: Waiting) -> Statement:
    if waiting.seconds is None:
        return statement
    binds = statement.binds
    if waiting.kind is Wait.BOUNDED:
        binds = {**binds, "timeout": waiting.milliseconds}
    return statement._replace(binds=binds, timeout=waiting.seconds)


def about(
    spec: SequenceSpec,
    script: Script,
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
    **binds: int,
) -> Plan[Sequence[Row]]:
    """Say a script about one sequence; the last statement's rows."""
    all_binds: dict[str, Bind] = {"name": spec.name, "queue": spec._queue, **binds}
    return say(statements(script, TableName.parse(spec.table), all_binds), waiting)


def last_in(spec: SequenceSpec, rows: Sequence[Row]) -> int | None:
    """The last value in the row of a sequence; None for NULL, and without a row.

    Raises:
        SequenceCorrupted: the row has something else.
    """
    last = integer(rows[0][0]) if rows else None
    if last is None or isinstance(last, int):
        return last
    raise not_an_integer(spec.name, last)


def not_an_integer(sequence: str, value: object) -> SequenceCorrupted:
    """What to raise if a row has something else for an integer."""
    return SequenceCorrupted(sequence, f"its last value is {value!r}, not an integer")


def integer(value: object) -> int | None:
    """A bigint, or NULL, where the connection may have a codec of the caller's for it.

    Raises:
        NotAnInteger: it is the text of something else.
    """
    if not isinstance(value, (str, Decimal)):
        return cast("int | None", value)
    try:
        return int(value)
    except ValueError:
        raise NotAnInteger(value) from None


def longest_wait(rows: Sequence[Row], column: int) -> float | None:
    """The seconds that a statement waited, as its rows tell in microseconds; None if not."""
    told = [integer(row[column]) for row in rows]
    return max((max(0, each) / 1_000_000 for each in told if each is not None), default=None)
