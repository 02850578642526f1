"""Draws and moves: one statement each, composed for each way of waiting.

The queue is an advisory lock that lasts as long as the transaction. It only puts the
waiters in order: the row's own lock is the guarantee. One order everywhere, queue
then row, or two transactions could wait for each other.
"""

from __future__ import annotations

from textwrap import indent
from typing import NamedTuple

from aseq._core.dialects.fragments import ENDLESS, FITS, NEXT, looping
from aseq._core.dialects.kinds import Draw, TimedDraw
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from .fragments import (
    CLOCK,
    ENTER,
    KEY,
    MEASURED,
    RESTORED,
    SAVED_TIMEOUT,
    SET_TIMEOUT,
    TXID,
    WAITED,
)


class Beside(NamedTuple):
    """What a draw does beside, in the same statement, where it is for more than a number.

    Attributes:
        before: queries that come first, each with a comma behind it.
        unless: a condition, with AND in front, without which nothing is drawn.
        after: queries that read the row of ``write`` (``last`` and ``clock``), each with a
            comma in front of it.
        told: more columns of the answer, each with a comma in front of it.
        joined: where they come from.
    """

    before: str = ""
    unless: str = ""
    after: str = ""
    told: str = ""
    joined: str = ""


NOTHING = Beside()

_UPSERT = """\
INSERT INTO $table AS s (name, last)
SELECT :name, CAST(:start AS bigint){source}
ON CONFLICT (name) DO UPDATE SET last = {next}
RETURNING last{told}"""

# For a new row there would be no value that fits. Behind the queue this is a statement of
# its own, as a deletion is: it sees a row that was made while another one waited, and a
# join with no row to find would never get to the queue.
_UPDATE = f"""\
UPDATE $table AS s SET last = {NEXT}{{source}}
WHERE s.name = :name AND {FITS}
RETURNING last{{told}}"""
_DELETE = "DELETE FROM $table AS s{source} WHERE s.name = :name RETURNING 1"

_QUEUED = f"""\
WITH queue AS MATERIALIZED (
    {ENTER}
)
"""

# In one statement: enter the queue if nobody is in it, then lock the row if nobody
# holds it. CASE keeps that order, so that who can't enter locks nothing. A first
# value that a client outside the queue holds uncommitted can't be seen: there, and
# only there, a short lock_timeout ends the wait. The caller's own comes back.
_NOT_WAITING = """\
queue AS MATERIALIZED (
    SELECT {entered} AS entered
), free AS MATERIALIZED (
    SELECT FROM saved_timeout, queue WHERE CASE
        WHEN NOT {ready} THEN false
        WHEN EXISTS (SELECT FROM $table WHERE name = :name)
        THEN EXISTS (SELECT FROM $table WHERE name = :name FOR UPDATE SKIP LOCKED)
        ELSE set_config('lock_timeout', CASE
            WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
        END, true) IS NOT NULL
    END
)"""

_BOUNDED = f"""\
free AS MATERIALIZED (
    SELECT {SET_TIMEOUT}
    FROM saved_timeout{{behind}}
)"""
_BOUNDED_QUEUE = f"""\
time_left AS MATERIALIZED (
    SELECT {SET_TIMEOUT}
    FROM saved_timeout
), queue AS MATERIALIZED (
    {ENTER} FROM time_left
)"""

# Whatever happens, there is one row, and the caller's own lock_timeout is back.
_RESTORING = f"""\
WITH {{before}}saved_timeout AS MATERIALIZED (
    {SAVED_TIMEOUT}
), {{free}}, write AS (
{{write}}
){{after}}
SELECT write.*, {RESTORED}{{told}}
FROM saved_timeout LEFT JOIN write ON true{{joined}}"""

_WITHIN = f"{CLOCK} BETWEEN CAST(:since AS bigint) AND CAST(:latest AS bigint)"

# The clock is looked at behind the queue, for a first value, and once more behind the row's
# lock, which somebody outside the queue may have held. It is told in any case.
_TOLD = f"coalesce(write.clock, {CLOCK})"
_TIMED = f"""\
WITH {{before}}queue AS MATERIALIZED (
    {{enter}}
), write AS (
{{write}}
){{after}}
SELECT write.*, {_TOLD}{{told}}
FROM queue LEFT JOIN write ON true{{joined}}"""


# Entering the queue, and nothing else. A bounded wait tells how long it was.
_ENQUEUE = {
    Wait.ANY: ENTER + TXID + MEASURED,
    Wait.BOUNDED: f"""\
WITH saved_timeout AS MATERIALIZED (
    {SAVED_TIMEOUT}
), {_BOUNDED_QUEUE}
SELECT {WAITED}{TXID}{MEASURED}, {RESTORED}
FROM saved_timeout, queue""",
}


def draw(kind: Draw) -> Script:
    """The script of one kind of draw."""
    if not kind.starts:
        return _write_later(_UPDATE, queued=kind.queued, wait=kind.wait, measured=True)
    text = _UPSERT.replace("{next}", looping() if kind.looping else ENDLESS)
    return _write(text, queued=kind.queued, wait=kind.wait, measured=True)


def timed_draw(kind: TimedDraw, beside: Beside = NOTHING) -> Script:
    """The script of one kind of draw within a span of time, and of what it does beside."""
    txid = TXID if kind.queued else ""
    source = "queue" if kind.wait is Wait.ANY else "free"
    write = _UPSERT.format(
        next=f"{ENDLESS} AND {_WITHIN}",
        source=f" FROM {source} WHERE {_WITHIN}{beside.unless}",
        told=f"{txid}{MEASURED}, {CLOCK} AS clock",
    )
    if kind.wait is Wait.ANY:
        enter = ENTER if kind.queued else "SELECT"
        text = _TIMED.format(enter=enter, write=indent(write, "    "), **beside._asdict())
    else:
        told = f", {_TOLD}" if kind.wait is Wait.NONE else f", {WAITED}, {_TOLD}"
        ready = f"(entered AND {_WITHIN})"
        also = beside._replace(told=told + beside.told)
        text = _behind(write, queued=kind.queued, wait=kind.wait, ready=ready, beside=also)
    return (Template(text, kind.queued, _measured(kind.queued)),)


def advance(*, upwards: bool, queued: bool, wait: Wait) -> Script:
    """The script that moves a sequence forward."""
    furthest = "greatest" if upwards else "least"
    text = _UPSERT.replace("{next}", f"{furthest}(s.last, :value)")
    return _write(text, queued=queued, wait=wait)


def delete(*, queued: bool, wait: Wait) -> Script:
    """The script that deletes a sequence."""
    text = _DELETE.replace("{source}", "" if wait is Wait.ANY else " USING free")
    return _write_later(text, queued=queued, wait=wait)


def _write_later(text: str, *, queued: bool, wait: Wait, measured: bool = False) -> Script:
    """A statement that enters the queue, and one that writes what is there then."""
    if not queued or wait is Wait.NONE:  # who doesn't wait sees what there is
        return _write(text, queued=queued, wait=wait, measured=measured)
    enqueue = Template(_ENQUEUE[wait], queues=True, waited=2)
    return (enqueue, *_write(text, queued=False, wait=wait, measured=measured))


def _measured(queued: bool) -> int:
    """In which column a draw tells how long it waited."""
    return 2 if queued else 1


def _write(text: str, *, queued: bool, wait: Wait, measured: bool = False) -> Script:
    """One statement, for whatever it has to wait for and what it writes then."""
    source = " FROM queue" if queued and wait is Wait.ANY else ""
    if wait is not Wait.ANY:
        source = " FROM free"
    told = (TXID if queued else "") + (MEASURED if measured else "")
    write = text.format(source=source, told=told)
    if wait is not Wait.ANY:
        write = _behind(write, queued=queued, wait=wait)
    elif queued:
        write = _QUEUED + write
    return (Template(write, queued, _measured(queued) if measured else None),)


def _behind(
    write: str,
    *,
    queued: bool,
    wait: Wait,
    ready: str = "entered",
    beside: Beside = NOTHING,
) -> str:
    """What writes, behind what it doesn't wait for, or not longer than so."""
    if wait is Wait.NONE:
        entered = f"pg_try_advisory_xact_lock({KEY})" if queued else "true"
        free = _NOT_WAITING.format(entered=entered, ready=ready)
    else:
        free = _BOUNDED.format(behind=", queue" if queued else "")
        free = f"{_BOUNDED_QUEUE}, {free}" if queued else free
    return _RESTORING.format(free=free, write=indent(write, "    "), **beside._asdict())
