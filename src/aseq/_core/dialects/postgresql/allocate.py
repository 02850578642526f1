"""Draws from several sequences in one statement, told as JSON: one text, however many.

Each transaction takes the places in the queues first, and then the rows, both in the order
of the list: so two of them can't wait for each other. That the list is in the order which
everybody has is the plan's business.

Of those that belong to a span of time, the clock is looked at behind all queues, for each
when its turn comes to be written, and once more behind its row's lock.
"""

from __future__ import annotations

from aseq._core.dialects.base import DRAWN, WANTED, WITHIN_BOUNDS, within_span
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from .fragments import CLOCK, RESTORED, SAVED_TIMEOUT, SET_TIMEOUT, TXID, WAITED, key

_WANTED = """\
wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST(:wanted AS text) AS json)) AS w({columns})
)""".format(columns=", ".join(f"{name} {kind}" for name, kind in WANTED.items()))

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
_IN_ORDER = f"""\
(SELECT * FROM wanted, free ORDER BY place OFFSET 0) AS w
    WHERE {within_span(CLOCK)}"""
_ROW = {
    Wait.ANY: f"called, start FROM {_IN_ORDER}",
    Wait.NONE: f"called, start FROM {_IN_ORDER}",
    Wait.BOUNDED: f"""\
called, CASE WHEN {SET_TIMEOUT} IS NOT NULL THEN start END
    FROM saved_timeout, {_IN_ORDER}""",
}

_TEXT = f"""\
WITH RECURSIVE {{before}}{{queue}}, {{free}}, write AS (
    INSERT INTO $table AS s (name, last)
    SELECT {{row}}
    ON CONFLICT (name) DO UPDATE SET last = (
        SELECT {DRAWN} FROM wanted AS w WHERE w.called = s.name
    ) WHERE (
        SELECT {WITHIN_BOUNDS} AND {within_span(CLOCK)}
        FROM wanted AS w WHERE w.called = s.name
    )
    RETURNING name, last, {CLOCK} AS clock
)
SELECT write.last{TXID}, wanted.place, EXISTS (SELECT FROM free)::integer,
    coalesce(write.clock, {CLOCK}){{after}}
FROM {{saved}}wanted LEFT JOIN write ON write.name = wanted.called"""

# All is written before the first row goes out and gives the caller's lock_timeout back.
_SAVED = "saved_timeout, (SELECT count(*) FROM write) AS written, "

_AFTER = {
    Wait.ANY: "",
    Wait.NONE: f", {RESTORED}",
    Wait.BOUNDED: f", {WAITED}, {RESTORED}",
}


def allocate(wait: Wait) -> Script:
    """The script that draws from several sequences."""
    saved = wait is not Wait.ANY
    before = f"saved_timeout AS MATERIALIZED (\n    {SAVED_TIMEOUT}\n), " if saved else ""
    text = _TEXT.format(
        before=f"{before}{_WANTED}, ",
        queue=_ENTERED[wait],
        free=_FREE[wait],
        row=_ROW[wait],
        after=_AFTER[wait],
        saved=_SAVED if saved else "",
    )
    return (Template(text, queues=True),)
