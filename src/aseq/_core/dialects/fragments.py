"""What the scripts of several dialects are made of."""

from __future__ import annotations

from aseq._core.statement import Template

# What every server understands.

LAST_VALUE = (Template("SELECT last FROM $table WHERE name = :name"),)

DROP = (Template("DROP TABLE IF EXISTS $table"),)

# The table is the same everywhere; `storage` is what the server may be told beyond it.
CREATE = """\
CREATE TABLE IF NOT EXISTS $table (
    name {name} NOT NULL,
    last bigint NOT NULL,
    {key}PRIMARY KEY (name),
    {checks}
){storage}"""

KEY = "CONSTRAINT ${bare}_pkey "

NAME = "varchar(100)"

# Every server takes them: a migration may be made on one and run on another. To MySQL, the
# length is that in bytes. An integer has at most 19 digits and a sign; it is SQLite that would
# go on in floating point, whose text has a point in it.
NAME_CHECK = "length(name) BETWEEN 1 AND 400"
LAST_CHECK = "CAST(replace(CAST(last AS char(20)), '.', 'x') AS decimal(19)) = last"
CHECKS = f"""\
CONSTRAINT ${{bare}}_name_check CHECK ({NAME_CHECK}),
    CONSTRAINT ${{bare}}_last_check CHECK ({LAST_CHECK})"""

# What PostgreSQL and SQLite understand.

DELETE = (Template("DELETE FROM $table WHERE name = :name RETURNING 1"),)

NEXT = "s.last + :advance"
FITS = "s.last BETWEEN :lowest AND :highest"
ENDLESS = f"{NEXT}\nWHERE {FITS}"

# CASE stops at the first branch that holds: no difference is computed that could
# overflow. Both remainder and quotient are exact on the cycle, whatever the signs.
# `last` is the column in the row that is there, `/` a division of integers.
_LOOPING = """\
CASE
    WHEN {last} NOT BETWEEN :low AND :high THEN :start
    WHEN ({last} - :first) {modulo} :step <> 0 THEN :start
    WHEN ({last} - :first) {divided_by} :step < :room THEN {last} + :advance
    ELSE {last} - :retreat
END"""


# What is known of each sequence where several are drawn from at once, as columns.
_OF_ALL = {
    "place": "integer",
    "called": "text",
    "queue": "text",
    **dict.fromkeys(("start", "advance", "lowest", "highest"), "bigint"),
}
_LOOPS = dict.fromkeys(("first", "step", "low", "high", "room", "retreat"), "bigint")
_SPAN = dict.fromkeys(("since", "latest"), "bigint")
WANTED = {**_OF_ALL, **_LOOPS, **_SPAN}


def wanted(*, looping: bool, timed: bool) -> dict[str, str]:
    """The columns that are needed: see `Allocate`."""
    leave_out = {*(() if looping else _LOOPS), *(() if timed else _SPAN)}
    return {name: kind for name, kind in WANTED.items() if name not in leave_out}


def looping(last: str = "s.last", divided_by: str = "/", modulo: str = "%") -> str:
    """The next value of a looping sequence.

    Args:
        last: how the server names the column of the row that is there already.
        divided_by: its division of integers, which truncates. (MySQL's ``/`` doesn't.)
        modulo: what gives the remainder. (In MariaDB's ORACLE mode ``%`` is no operator.)
    """
    return _LOOPING.format(last=last, divided_by=divided_by, modulo=modulo)


# The same for one of several sequences, whose values are in a row called `w`. Only those
# that loop have a first value.
NEXT_OF_WANTED = NEXT.replace(":", "w.")
FITS_WANTED = FITS.replace(":", "w.")
DRAWN = f"""\
CASE WHEN w.first IS NULL THEN {NEXT_OF_WANTED} ELSE {looping().replace(":", "w.")} END"""
WITHIN_BOUNDS = f"(w.first IS NOT NULL OR {FITS_WANTED})"


def within_span(clock: str) -> str:
    """Whether a clock is within the span of one of several sequences, if it has one."""
    return f"(w.since IS NULL OR {clock} BETWEEN w.since AND w.latest)"
