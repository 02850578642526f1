"""PostgreSQL 12 and newer: waiters stand in a queue in front of the row.

The queue is an advisory lock that lasts as long as the transaction. It only puts the
waiters in order: the row's own lock is the guarantee. One order everywhere, queue
then row, or two transactions could wait for each other.
"""

from __future__ import annotations

import re
from textwrap import indent

from aseq._core.failure import report
from aseq.errors import AseqError, SequenceLocked, SequenceTableMissing

from .base import DELETE, DRAWS, DROP, ENDLESS, LAST_VALUE, LOOPING, Dialect, Draw

ABORT = "ROLLBACK TO SAVEPOINT aseq_lost_a_number"
"""There is no such savepoint, so the server aborts the transaction, and frees its locks."""

# The key: a hash of the sequence's name, seeded with its table's oid.
_KEY = "hashtextextended({name}, $literal::regclass::oid::bigint)"
_ENTER = f"SELECT pg_advisory_xact_lock({_KEY})"
# Whose place in the queue it is. (Inside a savepoint too, that of the whole transaction.)
_WHOSE = ", txid_current()"

_UPSERT = """\
INSERT INTO $table AS s (name, last)
SELECT {{name}}, CAST({{start}} AS bigint){source}
ON CONFLICT (name) DO UPDATE SET last = {next}
RETURNING last{whose}"""

# MATERIALIZED, and the only source of the row: it runs first and once.
_QUEUED = f"""\
WITH queue AS MATERIALIZED (
    {_ENTER}
)
"""

# In one statement: enter the queue if nobody is in it, then lock the row if nobody
# holds it. CASE keeps that order, so that who can't enter locks nothing. A first
# value that a client outside the queue holds uncommitted can't be seen: there, and
# only there, a short lock_timeout ends the wait. The caller's own comes back.
_NOWAIT = """\
WITH patience AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), queue AS MATERIALIZED (
    SELECT {entered} AS entered
), turn AS MATERIALIZED (
    SELECT FROM patience, queue WHERE CASE
        WHEN NOT entered THEN false
        WHEN EXISTS (SELECT FROM $table WHERE name = {{name}})
        THEN EXISTS (SELECT FROM $table WHERE name = {{name}} FOR UPDATE SKIP LOCKED)
        ELSE set_config('lock_timeout', CASE
            WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
        END, true) IS NOT NULL
    END
), draw AS (
{upsert}
)
SELECT draw.*, set_config('lock_timeout', patience.setting, true)
FROM patience LEFT JOIN draw ON true"""

# A draw rewrites one small row: leave room on its page, so that its new versions
# stay there and need no index entry, and clear the old ones away early. The check of
# `last` is for SQLite; the table is the same everywhere.
_CREATE = """\
CREATE TABLE IF NOT EXISTS $table (
    name varchar(100) NOT NULL,
    last bigint NOT NULL,
    CONSTRAINT ${bare}_pkey PRIMARY KEY (name),
    CONSTRAINT ${bare}_name_check CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT ${bare}_last_check CHECK (CAST(CAST(last AS text) AS bigint) = last)
) WITH (
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000
)"""

# Several workers that create the table at once would collide in the catalogue.
_CREATE_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($literal, 0))"

_BUSY = (
    "the lock timeout ended the wait and aborted the transaction. "
    "Roll back and try again in a new one"
)

_NO_ROOM = (
    "aseq: the server's lock table may be full. Each sequence with a different name takes a "
    "slot in it until the transaction ends: draw from fewer of them in one transaction, set "
    "fair=False on them, or raise max_locks_per_transaction"
)

_LOCK_NOT_AVAILABLE = "55P03"
_UNDEFINED = ("42P01", "3F000")  # a table, a schema


def _explain(exc: BaseException, table: str) -> type[AseqError] | None:
    said = report(exc)
    if said is None:
        return None
    if said.code == _LOCK_NOT_AVAILABLE:
        return SequenceLocked
    # A trigger on our table can miss one of its own.
    ours = any(_names(said.text, name) for name in (table, *table.split(".")))
    return SequenceTableMissing if said.code in _UNDEFINED and ours else None


def _names(text: str, name: str) -> bool:
    """Whether a message is about the name: the quotes around it depend on its language."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text) is not None


def _upsert(next_value: str, *, queued: bool) -> str:
    if not queued:
        return _UPSERT.format(next=next_value, source="", whose="")
    return _QUEUED + _UPSERT.format(next=next_value, source=" FROM queue", whose=_WHOSE)


def _draw(draw: Draw) -> str:
    next_value = LOOPING if draw.looping else ENDLESS
    if not draw.nowait:
        return _upsert(next_value, queued=draw.queued)
    whose = _WHOSE if draw.queued else ""
    upsert = _UPSERT.format(next=next_value, source=" FROM turn", whose=whose)
    return _NOWAIT.format(
        entered=f"pg_try_advisory_xact_lock({_KEY})" if draw.queued else "true",
        upsert=indent(upsert, "    "),
    )


POSTGRESQL = Dialect(
    name="postgresql",
    draw={draw: _draw(draw) for draw in DRAWS},
    enqueue=_ENTER + _WHOSE,
    advance={
        (upwards, queued): _upsert(f"{furthest}(s.last, {{value}})", queued=queued)
        for upwards, furthest in ((True, "greatest"), (False, "least"))
        for queued in (True, False)
    },
    last_value=LAST_VALUE,
    delete=DELETE,
    create=(_CREATE_ONE_AT_A_TIME, _CREATE),
    drop=DROP,
    explain=_explain,
    busy=_BUSY,
    notes={"53200": _NO_ROOM},
    aborts_on_error=True,
)
