"""MariaDB's draws from several sequences, in one statement that locks them in order."""

from __future__ import annotations

from collections.abc import Iterable

from aseq._core.dialects.fragments import FITS, wanted, within_span
from aseq._core.dialects.kinds import Allocate
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from .fragments import (
    CALLED,
    CLOCK,
    COLLATION,
    KEPT,
    LAST,
    LOOPING,
    NEXT,
    TICKS,
    UNMARKED,
    UTC,
    WAITED,
    nothing_on,
    setting,
)

_TYPES = {"text": f"varchar(100) CHARACTER SET utf8mb4 COLLATE {COLLATION}"}

# The names are asked for the place, since RETURNING sees only the row.
_ALLOCATE = f"""\
{{setting}}INSERT INTO $table (name, last)
SELECT w.called, w.start
FROM JSON_TABLE(:wanted, '$[*]' COLUMNS (
    {{columns}}
)) AS w
WHERE $inside AND {UNMARKED}{{within}}
ORDER BY w.place
ON DUPLICATE KEY UPDATE last = CASE
    WHEN {{fits}}{{within}} THEN {{next}}
    ELSE {KEPT.format(name="w.called")}
END
RETURNING IF({CALLED} = @aseq_kept, NULL, last), NULL, (
    SELECT n.place
    FROM JSON_TABLE(:names, '$[*]' COLUMNS (
        place FOR ORDINALITY, called {_TYPES["text"]} PATH '$'
    )) AS n
    WHERE n.called = {CALLED}
), 1, {{clock}}{{waited}}"""


def _of_wanted(text: str) -> str:
    return text.replace(":", "w.")


_NEXT = _of_wanted(NEXT)
_FITS = _of_wanted(FITS.replace("s.last", LAST))
_LOOPING = _of_wanted(LOOPING)


def allocate(kind: Allocate, settings: Iterable[str]) -> Script:
    """Draws from several."""
    kinds = wanted(looping=kind.looping, timed=kind.timed)
    columns = [
        f"{name} {_TYPES.get(kinds[name], kinds[name])} PATH '$.{name}'"
        for name in kinds
        if name != "queue"
    ]
    said = _ALLOCATE.format(
        setting=setting(kind.wait, *settings, *((UTC,) if kind.timed else ())),
        columns=",\n    ".join(columns),
        within=f" AND {TICKS} AND {within_span(CLOCK)}" if kind.timed else "",
        fits=f"(w.first IS NOT NULL OR {_FITS})" if kind.looping else _FITS,
        next=f"CASE WHEN w.first IS NULL THEN {_NEXT} ELSE {_LOOPING} END"
        if kind.looping
        else _NEXT,
        clock=CLOCK if kind.timed else "0",
        waited=f", {WAITED}" if kind.wait is Wait.BOUNDED else "",
    )
    return (Template(said, nothing_on=nothing_on(kind.wait)),)
