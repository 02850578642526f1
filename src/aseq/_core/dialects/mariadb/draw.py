"""MariaDB's draws from one sequence: the row's lock is the only one, and its queue is fair.

A draw past the end fails, for 64 bits are the column's own limit: nothing is written, and the
transaction goes on. So no condition is needed where there is none to write it in.
"""

from __future__ import annotations

from collections.abc import Iterable

from aseq._core.dialects.kinds import Draw
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from .fragments import (
    CALLED,
    CLOCK,
    KEPT,
    LOOPING,
    NEXT,
    PAST_THE_END,
    TICKS,
    UNMARKED,
    UTC,
    WAITED,
    nothing_on,
    setting,
)

_UPSERT = f"""\
{{setting}}INSERT INTO $table (name, last)
SELECT :name, :start FROM DUAL WHERE $inside
ON DUPLICATE KEY UPDATE last = {{next}}
RETURNING IF({CALLED} = :name, last, NULL)"""

# For a new row there would be no value that fits.
_THERE = f"""\
{{setting}}INSERT INTO $table (name, last)
SELECT s.name, s.last FROM $table AS s WHERE s.name = :name AND $inside
FOR UPDATE
ON DUPLICATE KEY UPDATE last = {NEXT.replace("last", "$table.last")}
RETURNING IF({CALLED} = :name, last, NULL)"""

# The row may be waited for; what is asked before that only spares a row that would be in vain.
_TIMED = f"""\
{{setting}}INSERT INTO $table (name, last)
SELECT :name, :start FROM DUAL
WHERE $inside AND {TICKS} AND {UNMARKED} AND {CLOCK} BETWEEN :since AND :latest
ON DUPLICATE KEY UPDATE last = CASE
    WHEN last BETWEEN :lowest AND :highest AND {CLOCK} BETWEEN :since AND :latest
        THEN {NEXT}
    ELSE {KEPT.format(name="name")}
END
RETURNING IF({CALLED} = :name AND LENGTH(@aseq_kept) = 0, last, NULL){{waited}}, {CLOCK}"""

_DELETE = f"""\
{{setting}}DELETE FROM $table WHERE name = :name AND {CALLED} = :name AND $inside
RETURNING 1"""

LAST_VALUE = (Template(f"SELECT last FROM $table WHERE name = :name AND {CALLED} = :name"),)

READ_CLOCK = (Template(f"{setting(Wait.ANY, UTC)}SELECT {CLOCK}"),)


def draw(kind: Draw, settings: Iterable[str]) -> Script:
    """Draws, from a row that is there if the first values don't fit."""
    text = _UPSERT if kind.starts else _THERE
    said = text.format(
        setting=setting(kind.wait, *settings), next=LOOPING if kind.looping else NEXT
    )
    return (Template(said, nothing_on=nothing_on(kind.wait, PAST_THE_END)),)


def timed_draw(wait: Wait, settings: Iterable[str]) -> Script:
    """Draws within a span of time, by the clock when nothing is waited for any more."""
    said = _TIMED.format(
        setting=setting(wait, *settings, UTC),
        waited=f", {WAITED}" if wait is Wait.BOUNDED else "",
    )
    return (Template(said, nothing_on=nothing_on(wait)),)


def advance(wait: Wait, settings: Iterable[str], *, upwards: bool) -> Script:
    """Moves a sequence forward, or makes it."""
    furthest = "GREATEST" if upwards else "LEAST"
    said = _UPSERT.format(setting=setting(wait, *settings), next=f"{furthest}(last, :value)")
    return (Template(said),)


def delete(wait: Wait, settings: Iterable[str]) -> Script:
    """Deletes a sequence."""
    return (Template(_DELETE.format(setting=setting(wait, *settings))),)
