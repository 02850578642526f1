"""Issuing through the ledger, as plans: the number and its row come together, or not at all.

With a key: look for it, and take the place in the queue if it isn't there; then look again,
draw and write in one statement. Without one there is nothing to look for. Where the number
can't be printed by the server, or the server can't do it all in one, the row of the ledger
takes a statement more; whatever comes between the two makes the transaction unusable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

from aseq._core.counter import Counter
from aseq._core.dialects import TimedDraw
from aseq._core.plans import LOCKED
from aseq._core.scripts import PartlyDrawn, Plan, integer, say, statements
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Row, Script
from aseq._core.table import TableName
from aseq._core.timed import (
    TRIES,
    Timed,
    drawing_within,
    drawn_within,
    given_up,
    next_values_within,
)
from aseq._core.waiting import Wait, Waiting
from aseq.adapters.base import ConnectionInfo
from aseq.errors import LedgerConflict, SequenceLocked, UnsupportedConnection
from aseq.numbering import DocumentNumber

from ._entry import Entry
from ._postgresql import PostgreSQL
from ._print import ALWAYS, Lane, Printed, lane_of, of_moment
from ._sqlite import SQLite
from ._texts import Texts, on_ledger

TEXTS: dict[str, Texts] = {"postgresql": PostgreSQL(), "sqlite": SQLite()}

_ELSEWHERE = "a ledger is on PostgreSQL or SQLite"
NOT_WRITTEN = (
    "a number was drawn, and its row wasn't written. Look for triggers, rules and row-level "
    "security on the ledger, and for hand-written SQL"
)


def check_dialect(info: ConnectionInfo) -> None:
    """Refuse a database that no ledger can be in.

    Raises:
        UnsupportedConnection: it is such a one.
    """
    if info.dialect.name not in TEXTS:
        cls = type(info)
        raise UnsupportedConnection(f"{cls.__module__}.{cls.__qualname__}", _ELSEWHERE)


@dataclass(frozen=True)
class Issue:
    """One number to issue on one connection.

    Attributes:
        info: the connection.
        ledger: where the ledger is on it.
        counter: where the number comes from now.
        entry: what goes into the ledger with it.
        at: the moment that the caller chose.
        waiting: how long to wait.
        lane: what is known of the counter.
        spec: the sequence, as the connection's project has it.
        binds: what the ledger's texts want to know, whatever the number is.
    """

    info: ConnectionInfo
    ledger: TableName
    counter: Counter[Any]
    entry: Entry
    at: int | None
    waiting: Waiting
    lane: Lane
    spec: SequenceSpec = field(init=False)
    binds: dict[str, Bind] = field(init=False)

    def __post_init__(self) -> None:
        # Now, and not when they are asked for: all are, in the time in which others wait.
        lane, spec = self.lane, self.info.adapt(self.lane.spec)
        object.__setattr__(self, "spec", spec)
        span = self.span if self.at is None else range(self.at, self.at + 1)
        binds: dict[str, Bind] = {
            "series": lane.series,
            "name": spec.name,
            "queue": spec._queue,
            "earliest": span[0],
            "newest": span[-1],
            **self.entry.binds,
        }
        object.__setattr__(self, "binds", binds)

    @property
    def texts(self) -> Texts:
        """What the connection's database is asked."""
        return TEXTS[self.info.dialect.name]

    @property
    def span(self) -> range:
        """The moments at which the number is to be drawn."""
        return self.lane.span if self.at is None else ALWAYS

    def say(self, script: Script, **binds: Bind) -> Plan[Sequence[Row]]:
        """Say something about the ledger; the last statement's rows."""
        table = TableName.parse(self.spec.table)
        said = statements(on_ledger(script, self.ledger), table, {**self.binds, **binds})
        return say(said, self.waiting)


class Given(NamedTuple):
    """What the caller gets.

    Attributes:
        number: an int, or a `DocumentNumber`.
        drawn: 1 if it is new; 0 if the key had it already.
    """

    number: Any
    drawn: int


def issue(asked: Issue) -> Plan[Given]:
    """The number of the key, or a new one."""
    if not asked.entry.key:
        return (yield from _issue_new(asked))
    had, asked = yield from _look(asked)
    return had if had is not None else (yield from _issue_new(asked))


def _look(asked: Issue) -> Plan[tuple[Given | None, Issue]]:
    """The number that the key has, and how the rest is to be asked for."""
    rows = yield from asked.say(asked.texts.look(asked.waiting.kind))
    if not rows:
        return None, asked
    found = rows[0][2]
    if found is not None:
        return _again(asked, found), asked
    return None, entered(asked, rows[0])


def entered(asked: Issue, row: Row) -> Issue:
    """How the rest is to be asked for, after a look that wanted the place in the queue.

    Raises:
        SequenceLocked: it wasn't to be had.
    """
    waited, transaction, *_ = row
    if transaction is None:
        raise SequenceLocked(asked.spec.name, LOCKED)
    if asked.waiting.kind is not Wait.BOUNDED:
        return asked
    return replace(asked, waiting=asked.waiting.after(cast("int", integer(waited))))


def _issue_new(asked: Issue) -> Plan[Given]:
    tries = 0
    while True:
        how = asked.lane.printed
        kind = TimedDraw(asked.spec._queued and not asked.entry.key, asked.waiting.kind)
        script = asked.texts.draw(kind, keyed=bool(asked.entry.key))
        if how is None or script is None:
            drawn, given = yield from _step_by_step(asked)
        else:
            drawn, given = yield from _at_once(asked, script, how)
        if given is not None:
            return given
        tries += 1
        asked = once_more(asked, drawn, tries)


def once_more(asked: Issue, drawn: Timed, tries: int) -> Issue:
    """The same of the moment that a draw has told, which gave nothing.

    Raises:
        AseqError: that was the last try.
    """
    if tries == TRIES:
        raise given_up(asked.spec.name, within=drawn.clock in asked.span)
    asked = replace(asked, waiting=drawn.left)
    if asked.at is not None:
        return asked
    counter = asked.counter.at(drawn.clock)
    return replace(asked, counter=counter, lane=lane_of(counter))


def _at_once(asked: Issue, script: Script, how: Printed) -> Plan[tuple[Timed, Given | None]]:
    spec, dialect, span = asked.spec, asked.info.dialect, asked.span
    binds = asked.binds | how._asdict()
    said = drawing_within(spec, on_ledger(script, asked.ledger), 1, span)
    rows = yield from say(
        [each._replace(binds={**binds, **each.binds}) for each in said], asked.waiting
    )
    *_, written, found = rows[0]
    if found is not None:
        return Timed(None, 0, asked.waiting), _again(asked, found)
    answer = [row[:-2] for row in rows]
    drawn = yield from drawn_within(spec, dialect, 1, span, asked.waiting, answer)
    if drawn.values is None:
        return drawn, None
    return drawn, _new(asked, drawn, written=written is not None)


def _step_by_step(asked: Issue) -> Plan[tuple[Timed, Given | None]]:
    spec, keyed = asked.spec, bool(asked.entry.key)
    again = asked.texts.look_again() if keyed else ()
    if again:
        rows = yield from asked.say(again)
        if rows:
            return Timed(None, 0, asked.waiting), _again(asked, rows[0][0])
    drawn = yield from next_values_within(
        spec, asked.info.dialect, 1, asked.span, asked.waiting
    )
    if drawn.values is None:
        return drawn, None
    given = _new(asked, drawn)
    rows = yield from asked.say(
        asked.texts.write(keyed=keyed),
        number=drawn.values[0],
        text=str(given.number),
        clock=drawn.clock,
    )
    return drawn, _new(asked, drawn, written=bool(rows))


def _new(asked: Issue, drawn: Timed, *, written: bool = True) -> Given:
    check_written(asked.spec, written=written)
    at = drawn.clock if asked.at is None else asked.at
    [number] = asked.counter.numbers(drawn.values or (), at)
    return Given(number, 1)


def _again(asked: Issue, found: object) -> Given:
    """The number that a key has, as it was issued."""
    return Given(had(asked.counter, *json.loads(str(found))), 0)


def had(counter: Counter[Any], value: int, text: str, at: int) -> Any:
    """A number as it was issued.

    Args:
        counter: of its series.
        value: the number alone.
        text: as it was printed.
        at: the moment that it is of.
    """
    [number] = of_moment(counter, at).numbers([value], at)
    return replace(number, text=text) if isinstance(number, DocumentNumber) else number


def check_written(spec: SequenceSpec, *, written: bool) -> None:
    """Refuse to go on with a number that isn't in the ledger.

    Raises:
        PartlyDrawn: it isn't.
    """
    if not written:
        raise PartlyDrawn(LedgerConflict(spec.name, NOT_WRITTEN))
