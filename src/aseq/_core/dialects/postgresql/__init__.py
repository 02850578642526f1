"""PostgreSQL 12 and newer: waiters stand in a queue in front of the row."""

from __future__ import annotations

from itertools import product

from aseq._core.dialects.base import Dialect
from aseq._core.dialects.fragments import DROP, LAST_VALUE
from aseq._core.dialects.kinds import ALLOCATES, DRAWS, MOVES, TIMED_DRAWS
from aseq._core.statement import Template

from . import errors
from .allocate import allocate
from .draw import advance, delete, draw, timed_draw
from .fragments import CLOCK
from .holders import HOLDERS
from .table import CREATE_TABLE, EXISTS

ABORT = "ROLLBACK TO SAVEPOINT aseq_lost_a_number"
"""There is no such savepoint, so the server aborts the transaction, and frees its locks."""

POSTGRESQL = Dialect(
    name="postgresql",
    quote='"',
    draw={kind: draw(kind) for kind in DRAWS},
    timed_draw={kind: timed_draw(kind) for kind in TIMED_DRAWS},
    clock=(Template(f"SELECT {CLOCK}"),),
    allocate={kind: allocate(kind) for kind in ALLOCATES},
    advance={
        (upwards, move): advance(upwards=upwards, queued=move.queued, wait=move.wait)
        for upwards, move in product((True, False), MOVES)
    },
    last_value=LAST_VALUE,
    delete={move: delete(queued=move.queued, wait=move.wait) for move in MOVES},
    create=CREATE_TABLE,
    drop=DROP,
    code=errors.code,
    explain=errors.explain,
    busy=errors.BUSY,
    notes=errors.NOTES,
    retryable=errors.RETRYABLE,
    aborts_on_error=True,
    failed_before=errors.FAILED_BEFORE,
    holders=HOLDERS,
    exists=(Template(EXISTS),),
)
