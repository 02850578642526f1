"""Draws from several sequences in one statement, told as JSON: one text, however many.

Each transaction takes the places in the queues first, and then the rows, both in the order
of the list: so two of them can't wait for each other. That the list is in the order which
everybody has is the plan's business.

Of those that belong to a span of time, the clock is looked at behind all queues, for each
when its turn comes to be written, and once more behind its row's lock. What none of them
needs, the text is without: reading it from JSON and planning it is most of what it costs.
"""

from __future__ import annotations

from textwrap import indent

from aseq._core.dialects.fragments import (
    DRAWN,
    FITS_WANTED,
    NEXT_OF_WANTED,
    WITHIN_BOUNDS,
    wanted,
    within_span,
)
from aseq._core.dialects.kinds import Allocate
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from .fragments import (
    CLOCK,
    MEASURED,
    RESTORED,
    SAVED_TIMEOUT,
    SET_TIMEOUT,
    TXID,
    WAITED,
    key,
)

_WANTED = """\
wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST(:wanted AS text) AS json)) AS w({columns}){order}
)"""

_QUEUED = "SELECT * FROM wanted WHERE queue IS NOT NULL ORDER BY place"

_ENTERED = {
    Wait.ANY: f"""\
queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock({key("queue")})
    FROM ({_QUEUED}) AS in_order
)""",
    Wait.BOUNDED: f"""\
queue AS MATERIALIZED (
    SELECT CASE WHEN {SET_TIMEOUT} IS NOT NULL
        THEN pg_advisory_xact_lock({key("queue")}) IS NULL END
    FROM saved_timeout, ({_QUEUED}) AS in_order
)""",
    # One after the other, and no more after the first that isn't free.
    Wait.NONE: f"""\
queue AS (
    SELECT 0 AS place, true AS entered
    UNION ALL
    SELECT w.place, w.queue IS NULL OR pg_try_advisory_xact_lock({key("w.queue")})
    FROM queue JOIN wanted AS w ON w.place = queue.place + 1 WHERE entered
)""",
}

# Behind all places in queues. As for one sequence, a first value that a client outside the
# queue holds uncommitted can't be seen, and a short lock_timeout ends that wait.
_FREE = {
    Wait.ANY: "free AS MATERIALIZED (\n    SELECT count(*) FROM queue\n)",
    Wait.BOUNDED: "free AS MATERIALIZED (\n    SELECT count(*) FROM queue\n)",
    Wait.NONE: """\
there AS MATERIALIZED (
    SELECT count(*) AS rows FROM $table WHERE name IN (SELECT called FROM wanted)
), mine AS MATERIALIZED (
    SELECT count(*) AS rows FROM (
        SELECT FROM $table WHERE (SELECT bool_and(entered) FROM queue)
        AND name IN (SELECT called FROM wanted) ORDER BY name FOR UPDATE SKIP LOCKED
    ) AS locked
), free AS MATERIALIZED (
    SELECT set_config('lock_timeout', CASE
        WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
    END, true)
    FROM saved_timeout, there, mine
    WHERE there.rows = mine.rows AND (SELECT bool_and(entered) FROM queue)
)""",
}

# OFFSET keeps the condition on the clock out of there: it would be tried for all of them
# before the first is written.
_IN_ORDER = "(SELECT * FROM wanted, free ORDER BY place OFFSET 0) AS w{on_time}"
_ROW = {
    Wait.ANY: f"called, start FROM {_IN_ORDER}",
    Wait.NONE: f"called, start FROM {_IN_ORDER}",
    Wait.BOUNDED: f"""\
called, CASE WHEN {SET_TIMEOUT} IS NOT NULL THEN start END
    FROM saved_timeout, {_IN_ORDER}""",
}

_WRITE = """\
INSERT INTO $table AS s (name, last)
SELECT {row}
ON CONFLICT (name) DO UPDATE SET last = (
    SELECT {drawn} FROM wanted AS w WHERE w.called = s.name
) WHERE (
    SELECT {within} FROM wanted AS w WHERE w.called = s.name
)
RETURNING"""

# Where there is nothing to tell but what was drawn. The list is put in order once, and a
# table that isn't joined with another is read in its order.
_PLAIN = f"""\
WITH {{wanted}}, queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock({key("queue")}) FROM wanted WHERE queue IS NOT NULL
)
{{write}} last{TXID}, (SELECT w.place FROM wanted AS w WHERE w.called = s.name), 1, 0\
{MEASURED}"""
_PLAIN_ROW = "called, start FROM wanted WHERE (SELECT count(*) FROM queue) >= 0"

_TEXT = f"""\
WITH RECURSIVE {{before}}{{queue}}, {{free}}, write AS (
{{write}} name, last{MEASURED}{{read}}
)
SELECT write.last{TXID}, wanted.place, EXISTS (SELECT FROM free)::integer, {{clock}}, \
write.waited{{after}}
FROM {{saved}}wanted LEFT JOIN write ON write.name = wanted.called"""

# The column in which each row tells how long its draw had waited until then.
_WAITED = 5

# All is written before the first row goes out and gives the caller's lock_timeout back.
_SAVED = "saved_timeout, (SELECT count(*) FROM write) AS written, "

_AFTER = {
    Wait.ANY: "",
    Wait.NONE: f", {RESTORED}",
    Wait.BOUNDED: f", {WAITED}, {RESTORED}",
}


def allocate(kind: Allocate) -> Script:
    """The script that draws from several sequences."""
    looping, timed, wait = kind
    columns = wanted(looping=looping, timed=timed)
    listed = _WANTED.replace("{columns}", ", ".join(map(" ".join, columns.items())))
    if wait is Wait.ANY and not timed:
        listed = listed.format(order="\n    ORDER BY place")
        text = _PLAIN.format(wanted=listed, write=_write(kind, _PLAIN_ROW))
    else:
        text = _behind(kind, listed.format(order=""))
    return (Template(text, queues=True, waited=_WAITED),)


def _write(kind: Allocate, row: str) -> str:
    """What writes all rows, and ends where the columns that it tells must follow."""
    within = WITHIN_BOUNDS if kind.looping else FITS_WANTED
    return _WRITE.format(
        row=row,
        drawn=DRAWN if kind.looping else NEXT_OF_WANTED,
        within=f"{within} AND {within_span(CLOCK)}" if kind.timed else within,
    )


def _behind(kind: Allocate, listed: str) -> str:
    """What tells of each sequence, whether or not it was drawn from."""
    _, timed, wait = kind
    saved = wait is not Wait.ANY
    before = f"saved_timeout AS MATERIALIZED (\n    {SAVED_TIMEOUT}\n), " if saved else ""
    on_time = f"\nWHERE {within_span(CLOCK)}" if timed else ""
    return _TEXT.format(
        before=f"{before}{listed}, ",
        queue=_ENTERED[wait],
        free=_FREE[wait],
        write=indent(_write(kind, _ROW[wait].format(on_time=on_time)), "    "),
        read=f", {CLOCK} AS clock" if timed else "",
        clock=f"coalesce(write.clock, {CLOCK})" if timed else "0",
        after=_AFTER[wait],
        saved=_SAVED if saved else "",
    )
