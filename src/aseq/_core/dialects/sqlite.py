"""SQLite 3.35 and newer: one writer at a time, for all sequences. Nobody queues.

Its overflow is silent: the value becomes a float, which the CHECK refuses. (Written so
that PostgreSQL takes it too: a migration may be made on one and run on the other.)
"""

from __future__ import annotations

from aseq._core.failure import SQLITE_BUSY, SQLITE_LOCKED, report
from aseq.errors import AseqError, SequenceLocked, SequenceTableMissing

from .base import DELETE, DRAWS, DROP, ENDLESS, LAST_VALUE, LOOPING, Dialect

_UPSERT = """\
INSERT INTO $table AS s (name, last)
VALUES ({{name}}, {{start}})
ON CONFLICT (name) DO UPDATE SET last = {next}
RETURNING last"""

_DRAW_ENDLESS = _UPSERT.format(next=ENDLESS)
_DRAW_LOOPING = _UPSERT.format(next=LOOPING)

_CREATE = """\
CREATE TABLE IF NOT EXISTS $table (
    name varchar(100) NOT NULL,
    last bigint NOT NULL,
    CONSTRAINT ${bare}_pkey PRIMARY KEY (name),
    CONSTRAINT ${bare}_name_check CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT ${bare}_last_check CHECK (CAST(CAST(last AS text) AS bigint) = last)
)"""

_BUSY = (
    "SQLite has one writer at a time, and another connection is writing (database is "
    "locked). Roll back and try again. Start transactions with BEGIN IMMEDIATE, so that "
    "they wait for their turn instead of failing (with SQLAlchemy, "
    "aseq.adapters.sqlalchemy.begin_immediate(engine) sees to it); how long they wait, says "
    "the connection's timeout"
)


def _explain(exc: BaseException, table: str) -> type[AseqError] | None:
    said = report(exc)
    if said is None:
        return None
    if said.code in (SQLITE_BUSY, SQLITE_LOCKED):
        return SequenceLocked
    # A missing table is SQLITE_ERROR like any other mistake: only the text tells.
    return SequenceTableMissing if said.text == f"no such table: {table}" else None


SQLITE = Dialect(
    name="sqlite",
    draw={draw: _DRAW_LOOPING if draw.looping else _DRAW_ENDLESS for draw in DRAWS},
    enqueue=None,
    advance={
        (upwards, queued): _UPSERT.format(next=f"{furthest}(s.last, {{value}})")
        for upwards, furthest in ((True, "max"), (False, "min"))
        for queued in (True, False)
    },
    last_value=LAST_VALUE,
    delete=DELETE,
    create=(_CREATE,),
    drop=DROP,
    explain=_explain,
    busy=_BUSY,
)
