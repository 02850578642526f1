"""Issuing through the ledger, as plans: the number and its row come together, or not at all.

With a key: look for it, and take the place in the queue if it isn't there; then look again,
draw and write in one statement. Without one there is nothing to look for. Where the number
can't be printed by the server, or the server can't do it all in one, the row of the ledger
takes a statement more; whatever comes between the two makes the transaction unusable.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import cast

from aseq._core.dialects import TimedDraw
from aseq._core.plans import LOCKED
from aseq._core.scripts import Plan, integer, say
from aseq._core.statement import Row, Script
from aseq._core.timed import (
    TRIES,
    Timed,
    drawing_within,
    drawn_within,
    given_up,
    next_values_within,
)
from aseq._core.waiting import Wait
from aseq.errors import SequenceLocked

from ._given_back import give_back
from ._issue import Given, Issue, check_written, had
from ._print import Printed, lane_of


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
    said = drawing_within(spec, asked.on_ledger(script), 1, span)
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
    check_written(spec, written=written is not None)
    return drawn, _new(asked, drawn)


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
    asked = replace(asked, waiting=drawn.left)
    rows = yield from asked.say(
        asked.texts.write(asked.waiting.kind, keyed=keyed),
        number=drawn.values[0],
        text=str(given.number),
        clock=drawn.clock,
    )
    if not rows and keyed and asked.texts.gives_back:
        found = yield from give_back(asked, drawn.values)
        return Timed(None, 0, asked.waiting), _again(asked, found)
    check_written(spec, written=bool(rows))
    return drawn, given


def _new(asked: Issue, drawn: Timed) -> Given:
    at = drawn.clock if asked.at is None else asked.at
    [number] = asked.counter.numbers(drawn.values or (), at)
    return Given(number, 1)


def _again(asked: Issue, found: object) -> Given:
    """The number that a key has, as it was issued."""
    return Given(had(asked.counter, *json.loads(str(found))), 0)
