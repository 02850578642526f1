"""MariaDB 10.6 and newer: the row's lock is the queue; the server checks the transaction."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from aseq._core.dialects import mysql_family as family
from aseq._core.dialects.base import Dialect
from aseq._core.dialects.fragments import DROP
from aseq._core.dialects.kinds import ALLOCATES, DRAWS, MOVES, TIMED_DRAWS

from .allocate import allocate
from .draw import LAST_VALUE, READ_CLOCK, advance, delete, draw, timed_draw
from .fragments import COLLATION, IN_TRANSACTION
from .holders import HOLDERS

# Else an earlier SELECT of the transaction would make the draw fail, and roll all back, where
# somebody else has drawn since. It is on by default from 11.8 on.
_SNAPSHOT = "innodb_snapshot_isolation = OFF"

_BUSY = (
    "the wait for it was over. Nothing was drawn, and the transaction goes on as it was, "
    "unless a note says otherwise. Roll back and try again in a new one, or give it more time"
)


@lru_cache
def _mariadb(*settings: str) -> Dialect:
    """The dialect of a server that knows some settings."""
    return Dialect(
        name="mariadb",
        quote="`",
        draw={kind: draw(kind, settings) for kind in DRAWS},
        timed_draw={kind: timed_draw(kind.wait, settings) for kind in TIMED_DRAWS},
        clock=READ_CLOCK,
        allocate={kind: allocate(kind, settings) for kind in ALLOCATES},
        advance={
            (upwards, move): advance(move.wait, settings, upwards=upwards)
            for upwards, move in product((True, False), MOVES)
        },
        last_value=LAST_VALUE,
        delete={move: delete(move.wait, settings) for move in MOVES},
        create=family.create(COLLATION),
        drop=DROP,
        code=family.code,
        explain=family.explain,
        busy=_BUSY,
        retryable=family.RETRYABLE,
        ends_transaction=family.ENDS_TRANSACTION,
        inside=IN_TRANSACTION,
        ended=family.ENDED,
        exists=family.EXISTS,
        holders=HOLDERS,
        answer=family.changed,
        still_open="SELECT @@in_transaction",
        settings=settings,
    )


MARIADB = _mariadb(_SNAPSHOT)

OLDEST = (10, 6)
"""The first with JSON_TABLE, which `allocate` needs. (RETURNING came with 10.5.)"""


def mariadb(version: tuple[int, ...]) -> Dialect:
    """The dialect of one version, which is at least the oldest."""
    return MARIADB if _knows_snapshots(version) else _mariadb()


def _knows_snapshots(version: tuple[int, ...]) -> bool:
    """Whether it has the setting, which came to series that were there already."""
    since = ((10, 6, 18), (10, 11, 8), (11, 0, 6), (11, 1, 5), (11, 2, 4), (11, 4, 2))
    firsts = [first for first in since if first[:2] == version[:2]]
    return version >= (firsts[0] if firsts else (11, 5))
