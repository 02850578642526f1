"""MySQL's draws: the row's lock is the only one, and its queue is fair.

A draw past the end fails, for 64 bits are the column's own limit: nothing is written, and the
transaction goes on.
"""

from __future__ import annotations

from aseq._core.dialects.kinds import Draw
from aseq._core.failure import Code
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from .fragments import (
    CALLED,
    CLOCK,
    GIVEN,
    LAST,
    LOOPING,
    NEXT,
    NOT_JSON,
    PAST_THE_END,
    REFUSED,
    SOUND,
    TICKS,
    UTC,
    first,
    given,
)

_UPSERT = f"""\
INSERT INTO $table (name, last)
SELECT :name, {given(":start")} FROM DUAL WHERE $inside
ON DUPLICATE KEY UPDATE last = CASE
    WHEN {SOUND} THEN {{next}}
    ELSE {REFUSED}
END"""

# For a new row there would be no value that fits.
_THERE = f"""\
UPDATE $table SET last = {given(NEXT)}
WHERE name = :name AND {SOUND} AND $inside"""

# The row may be waited for; what is asked before that only spares a row that would be in vain.
_TIMED = f"""\
INSERT {UTC}INTO $table (name, last)
SELECT :name, {given(":start")} FROM DUAL
WHERE $inside AND {TICKS} AND {CLOCK} BETWEEN :since AND :latest
ON DUPLICATE KEY UPDATE last = CASE
    WHEN {SOUND} AND last BETWEEN :lowest AND :highest
        AND {CLOCK} BETWEEN :since AND :latest
        THEN {given(NEXT)}
    ELSE {REFUSED}
END"""

_DELETE = f"DELETE FROM $table WHERE name = :name AND {CALLED} = :name AND $inside"

LAST_VALUE = (Template(f"SELECT last FROM $table WHERE name = :name AND {CALLED} = :name"),)

# A snapshot of the transaction's may be older.
_WHERE_IT_IS = Template(f"{LAST_VALUE[0].text} FOR UPDATE")

READ_CLOCK = (Template("SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"),)

_NOTHING = frozenset({NOT_JSON})

# If the row has it, it isn't anybody's id. In autocommit mode somebody may have drawn since:
# an error then, but no number twice.
_CONFIRM = f"{LAST_VALUE[0].text} AND last = {GIVEN} FOR UPDATE"


def draw(kind: Draw) -> Script:
    """Draws, from a row that is there if the first values don't fit."""
    said = (
        _UPSERT.format(next=given(LOOPING if kind.looping else NEXT)) if kind.starts else _THERE
    )
    return (*first(kind.wait), _drawing(said, nothing_on=_NOTHING | {PAST_THE_END}))


def timed_draw(wait: Wait) -> Script:
    """Draws within a span of time, by the clock when nothing is waited for any more."""
    return (*first(wait), _drawing(_TIMED, nothing_on=_NOTHING))


def _drawing(said: str, nothing_on: frozenset[Code]) -> Template:
    return Template(said, nothing_on=nothing_on, confirm=_CONFIRM)


def advance(*, upwards: bool) -> Script:
    """Moves a sequence forward, or makes it. Where it is then, may be where it was."""
    furthest = "GREATEST" if upwards else "LEAST"
    said = _UPSERT.format(next=given(f"{furthest}({LAST}, :value)"))
    return (Template(said, nothing_on=_NOTHING), _WHERE_IT_IS)


def delete() -> Script:
    """Deletes a sequence."""
    return (Template(_DELETE),)
