"""MySQL 8.0.17 and newer: the row's lock is the queue; what was drawn comes with the OK."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from aseq._core.dialects import mysql_family as family
from aseq._core.dialects.base import Asking, Dialect
from aseq._core.dialects.fragments import DROP
from aseq._core.dialects.kinds import DRAWS, MOVES, TIMED_DRAWS

from .draw import LAST_VALUE, READ_CLOCK, advance, delete, draw, timed_draw
from .fragments import ASK, COLLATION, INSIDE, INSIDE_TOLD, OPENS, OWN_ID, answer
from .holders import HOLDERS

_BUSY = (
    "nowait=True doesn't wait for it, or the server's innodb_lock_wait_timeout was over. "
    "Nothing was drawn, and the transaction goes on as it was, unless a note says otherwise. "
    "Roll back and try again in a new one"
)

_NO_TIMEOUT = (
    "can't be kept on MySQL, which has no limit of time for a single statement that writes: "
    "use nowait=True, and try again in a new transaction (aseq.is_retryable tells when)"
)

_NAMED = Dialect(
    name="mysql",
    quote="`",
    draw={kind: draw(kind) for kind in DRAWS},
    timed_draw={kind: timed_draw(kind.wait) for kind in TIMED_DRAWS},
    clock=READ_CLOCK,
    allocate={},  # an OK has room for one number: see `_core.one_by_one`
    advance={
        (upwards, move): advance(upwards=upwards)
        for upwards, move in product((True, False), MOVES)
    },
    last_value=LAST_VALUE,
    delete=dict.fromkeys(MOVES, delete()),
    create=family.create(COLLATION),
    drop=DROP,
    code=family.code,
    explain=family.explain,
    busy=_BUSY,
    retryable=family.RETRYABLE,
    ends_transaction=family.ENDS_TRANSACTION,
    inside=INSIDE,
    ended=family.ENDED,
    exists=family.EXISTS,
    answer=answer,
    no_timeout=_NO_TIMEOUT,
    still_open="SELECT NOT @@innodb_rollback_on_timeout",
    own_id=OWN_ID,
    holders=HOLDERS,
)

MYSQL = replace(
    _NAMED,
    asking=Asking(ASK, replace(_NAMED, inside=INSIDE_TOLD), replace(_NAMED, inside=""), *OPENS),
)

OLDEST = (8, 0, 17)
"""The first with a collation that tells all names apart, utf8mb4_0900_bin."""
