"""PostgreSQL 12 and newer: waiters stand in a queue in front of the row.

The queue is an advisory lock that lasts as long as the transaction. It only puts the
waiters in order: the row's own lock is the guarantee. One order everywhere, queue
then row, or two transactions could wait for each other.
"""

from __future__ import annotations

import re
from textwrap import indent

from aseq._core.failure import report
from aseq._core.statement import Script, Template
from aseq.errors import AseqError, SequenceLocked, SequenceTableMissing

from .base import (
    CHECKS,
    CREATE,
    DELETE,
    DRAWS,
    DROP,
    ENDLESS,
    LAST_VALUE,
    NAME,
    TIMED_DRAWS,
    Dialect,
    Draw,
    TimedDraw,
    looping,
)

ABORT = "ROLLBACK TO SAVEPOINT aseq_lost_a_number"
"""There is no such savepoint, so the server aborts the transaction, and frees its locks."""

# The key: a hash of the queue's name (the sequence's own, unless it stands in another's),
# seeded with its table's oid.
_KEY = "hashtextextended(:queue, $literal::regclass::oid::bigint)"
_ENTER = f"SELECT pg_advisory_xact_lock({_KEY})"
# The transaction that holds the place in the queue, also from inside a savepoint.
_TXID = ", txid_current()"

_UPSERT = """\
INSERT INTO $table AS s (name, last)
SELECT :name, CAST(:start AS bigint){source}
ON CONFLICT (name) DO UPDATE SET last = {next}
RETURNING last{txid}"""

# MATERIALIZED, and the only source of the row: it runs first and once.
_QUEUED = f"""\
WITH queue AS MATERIALIZED (
    {_ENTER}
)
"""

# The clock as it is when the text gets there, not when the statement began; all the same
# number in every time zone and with every driver.
_CLOCK = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
_WITHIN = f"{_CLOCK} BETWEEN CAST(:since AS bigint) AND CAST(:latest AS bigint)"

# The clock is looked at behind the queue, for a first value, and once more behind the row's
# lock, which somebody outside the queue may have held. It is told in any case.
_TIMED_NEXT = f"{ENDLESS} AND {_WITHIN}"
_TOLD = f"coalesce(draw.clock, {_CLOCK})"
_TIMED = """\
WITH queue AS MATERIALIZED (
    {enter}
), draw AS (
{upsert}
)
SELECT draw.*, {told}
FROM queue LEFT JOIN draw ON true"""

# In one statement: enter the queue if nobody is in it, then lock the row if nobody
# holds it. CASE keeps that order, so that who can't enter locks nothing. A first
# value that a client outside the queue holds uncommitted can't be seen: there, and
# only there, a short lock_timeout ends the wait. The caller's own comes back.
_NOWAIT = """\
WITH saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), queue AS MATERIALIZED (
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
), draw AS (
{upsert}
)
SELECT draw.*, set_config('lock_timeout', saved_timeout.setting, true){told}
FROM saved_timeout LEFT JOIN draw ON true"""

# A draw rewrites one small row: leave room on its page, so that its new versions
# stay there and need no index entry, and clear the old ones away early.
_STORAGE = """\
 WITH (
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000
)"""

# Several workers that create the table at once would collide in the catalogue.
_CREATE_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($literal, 0))"

# CREATE TABLE IF NOT EXISTS takes the right to create even if the table exists. It would
# create it in the first schema of the search path, so one further behind doesn't count.
_EXISTS = """\
SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($literal)
AND (n.nspname = current_schema() OR position('"."' IN $literal) > 0)"""

_BUSY = (
    "the lock timeout ended the wait and aborted the transaction. "
    "Roll back and try again in a new one"
)

_NO_ROOM = (
    "aseq: the server's lock table may be full. Each sequence with a different name takes a "
    "slot in it until the transaction ends: draw from fewer of them in one transaction, set "
    "fair=False on them, or raise max_locks_per_transaction"
)

_CANCELLED = (
    "aseq: the server ended a wait for sequence {sequence}, because of statement_timeout "
    "(unless somebody cancelled the statement). Another transaction held the sequence for so "
    "long. `timeout=` bounds the wait by raising SequenceLocked, which is worth another try"
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_NOT_AVAILABLE = "55P03"
_UNDEFINED = ("42P01", "3F000")  # a table, a schema
_RETRYABLE = {
    _LOCK_NOT_AVAILABLE,
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "25006",  # read_only_sql_transaction: the server was demoted by a failover
    "53300",  # too_many_connections
    "57P03",  # cannot_connect_now
}


def _code(exc: BaseException) -> str | None:
    for attribute in ("sqlstate", "pgcode"):  # psycopg2 has the latter
        sqlstate = getattr(exc, attribute, None)
        if isinstance(sqlstate, str):
            return sqlstate
    return None


def _explain(exc: BaseException, table: str) -> type[AseqError] | None:
    found = report(exc, _code)
    if found is None:
        return None
    if found.code == _LOCK_NOT_AVAILABLE:
        return SequenceLocked
    # A trigger on our table can miss one of its own.
    ours = any(_names(found.text, name) for name in (table, *table.split(".")))
    return SequenceTableMissing if found.code in _UNDEFINED and ours else None


def _names(text: str, name: str) -> bool:
    """Whether a message is about the name: the quotes around it depend on its language."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text) is not None


def _upsert(next_value: str, *, queued: bool) -> Script:
    if not queued:
        return (Template(_UPSERT.format(next=next_value, source="", txid="")),)
    upsert = _UPSERT.format(next=next_value, source=" FROM queue", txid=_TXID)
    return (Template(_QUEUED + upsert, queues=True),)


def _draw(draw: Draw) -> Script:
    next_value = looping() if draw.looping else ENDLESS
    if not draw.nowait:
        return _upsert(next_value, queued=draw.queued)
    txid = _TXID if draw.queued else ""
    upsert = _UPSERT.format(next=next_value, source=" FROM free", txid=txid)
    return _nowait(upsert, queued=draw.queued)


def _timed_draw(draw: TimedDraw) -> Script:
    upsert = _UPSERT.format(
        next=_TIMED_NEXT,
        source=f" FROM {'free' if draw.nowait else 'queue'} WHERE {_WITHIN}",
        txid=(_TXID if draw.queued else "") + f", {_CLOCK} AS clock",
    )
    if draw.nowait:
        ready = f"(entered AND {_WITHIN})"
        return _nowait(upsert, queued=draw.queued, ready=ready, told=f", {_TOLD}")
    enter = _ENTER if draw.queued else "SELECT"
    text = _TIMED.format(enter=enter, upsert=indent(upsert, "    "), told=_TOLD)
    return (Template(text, queues=draw.queued),)


def _nowait(upsert: str, *, queued: bool, ready: str = "entered", told: str = "") -> Script:
    text = _NOWAIT.format(
        entered=f"pg_try_advisory_xact_lock({_KEY})" if queued else "true",
        ready=ready,
        upsert=indent(upsert, "    "),
        told=told,
    )
    return (Template(text, queues=queued),)


# A statement of its own: the next one sees what was committed while this one waited.
_ENQUEUE = Template(_ENTER + _TXID, queues=True)

POSTGRESQL = Dialect(
    name="postgresql",
    quote='"',
    draw={draw: _draw(draw) for draw in DRAWS},
    timed_draw={draw: _timed_draw(draw) for draw in TIMED_DRAWS},
    clock=(Template(f"SELECT {_CLOCK}"),),
    advance={
        (upwards, queued): _upsert(f"{furthest}(s.last, :value)", queued=queued)
        for upwards, furthest in ((True, "greatest"), (False, "least"))
        for queued in (True, False)
    },
    last_value=LAST_VALUE,
    delete={True: (_ENQUEUE, *DELETE), False: DELETE},
    create=(
        Template(_CREATE_ONE_AT_A_TIME),
        Template(CREATE.format(name=NAME, checks=CHECKS, storage=_STORAGE)),
    ),
    drop=DROP,
    code=_code,
    explain=_explain,
    busy=_BUSY,
    notes={"53200": _NO_ROOM, "57014": _CANCELLED},
    retryable=frozenset(_RETRYABLE),
    aborts_on_error=True,
    exists=(Template(_EXISTS),),
)
