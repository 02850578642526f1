"""SQLite 3.35 and newer: one writer at a time, for all sequences. Nobody queues.

Its overflow is silent: the value becomes a float, which the table's check refuses.
"""

from __future__ import annotations

from aseq._core.failure import report
from aseq._core.statement import Script, Template
from aseq.errors import AseqError, SequenceLocked, SequenceTableMissing

from .base import Dialect
from .fragments import (
    CHECKS,
    CREATE,
    DELETE,
    DRAWN,
    DROP,
    ENDLESS,
    FITS,
    KEY,
    LAST_VALUE,
    NAME,
    NEXT,
    WANTED,
    WITHIN_BOUNDS,
    looping,
    within_span,
)
from .kinds import ALLOCATES, DRAWS, MOVES, TIMED_DRAWS, Draw

_UPSERT = """\
INSERT INTO $table AS s (name, last)
VALUES (:name, :start)
ON CONFLICT (name) DO UPDATE SET last = {next}
RETURNING last"""

# For a new row there would be no value that fits.
_UPDATE = f"""\
UPDATE $table AS s SET last = {NEXT}
WHERE s.name = :name AND {FITS}
RETURNING last"""

# Read when the statement has the write lock, in milliseconds, and the same throughout it.
CLOCK = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000"
_WITHIN = f"{CLOCK} BETWEEN :since AND :latest"
_TIMED_DRAW = f"""\
INSERT INTO $table AS s (name, last)
SELECT :name, :start WHERE {_WITHIN}
ON CONFLICT (name) DO UPDATE SET last = {ENDLESS}
RETURNING last, {CLOCK}"""

# The statement has the write lock throughout, so that what it reads is what it changes.
# (sqlite3 only begins a transaction by itself if the first word is INSERT.)
_ALLOCATE = f"""\
INSERT INTO $table (name, last)
WITH wanted AS MATERIALIZED (
    SELECT {", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in WANTED)}
    FROM json_each(:wanted)
)
SELECT w.called, CASE WHEN s.name IS NULL THEN w.start ELSE {DRAWN} END
FROM wanted AS w LEFT JOIN $table AS s ON s.name = w.called
WHERE (s.name IS NULL OR {WITHIN_BOUNDS}) AND {within_span(CLOCK)}
ON CONFLICT (name) DO UPDATE SET last = excluded.last
RETURNING last, NULL, (SELECT key + 1 FROM json_each(:names) WHERE value = name), 1, {CLOCK}"""

_BUSY = (
    "SQLite has one writer at a time, and another connection is writing (database is "
    "locked). Roll back and try again. Start transactions with BEGIN IMMEDIATE, so that "
    "they wait for their turn instead of failing (with SQLAlchemy, "
    "aseq.sqlalchemy.begin_immediate(engine) does that). The connection's timeout "
    "sets how long they wait"
)

# https://www.sqlite.org/rescode.html
_SQLITE_BUSY = 5
_SQLITE_LOCKED = 6


def _code(exc: BaseException) -> int | None:
    """The primary result code: the low byte of the extended one."""
    number = getattr(exc, "sqlite_errorcode", None)
    return number & 0xFF if isinstance(number, int) else None


def _explain(exc: BaseException, table: str) -> type[AseqError] | None:
    found = report(exc, _code)
    if found is None:
        return None
    if found.code in (_SQLITE_BUSY, _SQLITE_LOCKED):
        return SequenceLocked
    # A missing table is SQLITE_ERROR like any other mistake: only the text tells.
    return SequenceTableMissing if found.text == f"no such table: {table}" else None


def _draw(kind: Draw) -> Script:
    if not kind.starts:
        return (Template(_UPDATE),)
    return _upsert(looping() if kind.looping else ENDLESS)


def _upsert(next_value: str) -> Script:
    return (Template(_UPSERT.format(next=next_value)),)


SQLITE = Dialect(
    name="sqlite",
    quote='"',
    draw={kind: _draw(kind) for kind in DRAWS},
    timed_draw=dict.fromkeys(TIMED_DRAWS, (Template(_TIMED_DRAW),)),
    clock=(Template(f"SELECT {CLOCK}"),),
    allocate=dict.fromkeys(ALLOCATES, (Template(_ALLOCATE),)),
    advance={
        (upwards, move): _upsert(f"{furthest}(s.last, :value)")
        for upwards, furthest in ((True, "max"), (False, "min"))
        for move in MOVES
    },
    last_value=LAST_VALUE,
    delete=dict.fromkeys(MOVES, DELETE),
    create=(Template(CREATE.format(name=NAME, key=KEY, checks=CHECKS, storage="")),),
    drop=DROP,
    code=_code,
    explain=_explain,
    busy=_BUSY,
    retryable=frozenset({_SQLITE_BUSY, _SQLITE_LOCKED}),
)
