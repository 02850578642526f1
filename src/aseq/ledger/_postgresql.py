"""What PostgreSQL is asked about the ledger.

The queue comes first, in a statement of its own, and what it keeps in order comes in the
next: a snapshot that is older than the wait wouldn't see the number that another request with
the same key got meanwhile. (In one statement, 499 of 500 races of two such requests failed.)
The queue, and not a lock on the key: with keys locked first, two transactions that each issue
two numbers in opposite order wait for each other.

At REPEATABLE READ the snapshot is older all the same. There the counter's row, or ON CONFLICT
on the ledger's, ends the transaction with a serialization failure, which is worth a new try.
"""

from __future__ import annotations

from functools import cache
from textwrap import indent
from typing import NamedTuple

from aseq._core.dialects import TimedDraw
from aseq._core.dialects.postgresql.draw import Beside, timed_draw
from aseq._core.dialects.postgresql.fragments import (
    CLOCK,
    ENTER,
    KEY,
    MEASURED,
    RESTORED,
    SAVED_TIMEOUT,
    SET_TIMEOUT,
    TXID,
    WAITED,
)
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from ._texts import BY_KEY, BY_NUMBER, COLUMNS, WRITTEN, Texts

_MOMENT = "CAST(extract(epoch FROM at) * 1000000 AS bigint)"
_FOUND = f"SELECT CAST(json_build_array(number, text, {_MOMENT}) AS text) AS entry {BY_KEY}"
_HAD = f"had AS MATERIALIZED (\n    {_FOUND}\n)"
_UNLESS = "NOT EXISTS (SELECT FROM had)"
_TOLD = "(SELECT entry FROM had)"


class _Had(NamedTuple):
    """What is looked for, and whether that is all: see `Texts.look`."""

    had: str = _HAD
    unless: str = _UNLESS
    told: str = _TOLD


_TXID = TXID.removeprefix(", ")


def _looks(had: _Had) -> dict[Wait, Script]:
    texts = {
        Wait.ANY: f"""\
WITH {had.had}, queue AS MATERIALIZED (
    {ENTER} WHERE {had.unless}
)
SELECT 0, CASE WHEN EXISTS (SELECT FROM queue) THEN {_TXID} END, {had.told}{MEASURED}""",
        Wait.NONE: f"""\
WITH {had.had}, queue AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock({KEY}) AS entered WHERE {had.unless}
)
SELECT 0, CASE WHEN (SELECT entered FROM queue) THEN {_TXID} END, {had.told}{MEASURED}""",
        Wait.BOUNDED: f"""\
WITH {had.had}, saved_timeout AS MATERIALIZED (
    {SAVED_TIMEOUT}
), time_left AS MATERIALIZED (
    SELECT {SET_TIMEOUT}
    FROM saved_timeout WHERE {had.unless}
), queue AS MATERIALIZED (
    {ENTER} FROM time_left
), places AS MATERIALIZED (
    SELECT count(*) AS taken FROM queue
)
SELECT {WAITED}, CASE WHEN taken > 0 THEN {_TXID} END, {had.told}{MEASURED}, {RESTORED}
FROM saved_timeout, places""",
    }
    return {wait: (Template(text, queues=True, waited=3),) for wait, text in texts.items()}


_LOOK = _looks(_Had())

# Of the keys of a list.
_WANTED = "json_to_recordset(CAST(CAST(:keys AS text) AS json)) AS w(s text, k text)"
_FIND_ALL = f"""\
SELECT CAST(json_build_array(series, document_key, number, text, {_MOMENT}, state) AS text)
    AS entry
FROM {_WANTED} JOIN $ledger ON series = w.s AND document_key = w.k"""
_LOOK_FOR_ALL = _looks(
    _Had(
        f"had AS MATERIALIZED (\n{indent(_FIND_ALL, '    ')}\n)",
        "(SELECT count(*) FROM had) < CAST(:wanted AS bigint)",
        "(SELECT '[' || string_agg(entry, ',') || ']' FROM had)",
    )
)

# Padded as Python pads: zeros behind the sign, and no number is ever cut.
_DIGITS = "ltrim(CAST(last AS text), '-')"
_WIDTH = "CAST(:width AS integer) - CASE WHEN last < 0 THEN 1 ELSE 0 END"
_PRINTED = (
    "CAST(:before AS text) || CASE WHEN last < 0 THEN '-' ELSE '' END || "
    f"lpad({_DIGITS}, greatest({_WIDTH}, length({_DIGITS})), '0') || CAST(:after AS text)"
)

# Within the span, as the caller is told; or the moment that the caller chose.
_CLAMPED = (
    "greatest(CAST(:earliest AS bigint), "
    "least(CAST({clock} AS bigint), CAST(:newest AS bigint)))"
)

# A key that is there now, and wasn't in the snapshot, is a serialization failure.
_SAME_KEY = "\nON CONFLICT (series, document_key) DO NOTHING"


_GIVEN = ", ".join(f"nullif(CAST(:{name} AS text), '')" for name in ("by", "note"))


def _moment(microseconds: str) -> str:
    return f"CAST('epoch' AS timestamptz) + {microseconds} * interval '1 microsecond'"


def _row(number: str, text: str, clock: str) -> str:
    return (
        f"CAST(:series AS text), CAST(:name AS text), {number}, {text}, "
        f"nullif(CAST(:key AS text), ''),\n"
        f"    {_moment(_CLAMPED.format(clock=clock))},\n"
        f"    {_moment(f'CAST({clock} AS bigint)')},\n    {_GIVEN}, 'issued'"
    )


_LINES = "json_to_recordset(CAST(CAST(:rows AS text) AS json))"
_WRITE_ALL = f"""\
{WRITTEN}, {_moment("coalesce(a, clock)")}, {_moment("clock")},
    {_GIVEN}, 'issued'
FROM {_LINES} AS r(s text, q text, n bigint, t text, k text, a bigint),
    (SELECT {CLOCK} AS clock) AS c{_SAME_KEY}
RETURNING 1"""

_WRITE = f"INSERT INTO $ledger ({COLUMNS})\nSELECT {{row}}{{conflict}}\nRETURNING 1"


def _write(row: str, *, keyed: bool) -> str:
    return _WRITE.format(row=row, conflict=_SAME_KEY if keyed else "")


@cache
def _draw(kind: TimedDraw, keyed: bool) -> Script:
    row = f"{_row('last', _PRINTED, 'clock')}\nFROM write"
    beside = Beside(
        before=f"{_HAD}, " if keyed else "",
        unless=f" AND {_UNLESS}" if keyed else "",
        after=f", entry AS (\n{_write(row, keyed=keyed)} AS written\n)",
        told=f", entry.written, {_TOLD if keyed else 'NULL'}",
        joined=" LEFT JOIN entry ON true",
    )
    return timed_draw(kind, beside)


class PostgreSQL(Texts):
    """The texts for PostgreSQL."""

    def look(self, wait: Wait) -> Script:
        return _LOOK[wait]

    def look_for_all(self, wait: Wait) -> Script:
        return _LOOK_FOR_ALL[wait]

    def find_all(self) -> Script:
        return (Template(_FIND_ALL),)

    def write_all(self, wait: Wait, *, keyed: bool) -> Script:
        return (Template(_WRITE_ALL),)

    def look_again(self) -> Script:
        return (Template(_FOUND),)

    def draw(self, kind: TimedDraw, *, keyed: bool) -> Script:
        return _draw(kind, keyed)

    def write(self, wait: Wait, *, keyed: bool) -> Script:
        row = _row("CAST(:number AS bigint)", "CAST(:text AS text)", ":clock")
        return (Template(_write(row, keyed=keyed)),)

    def void(self) -> Script:
        return (
            Template(f"""\
UPDATE $ledger SET state = 'void', voided_at = {_moment(CLOCK)},
    voided_by = nullif(CAST(:by AS text), ''), void_reason = CAST(:reason AS text)
WHERE sequence = :name AND number = :number AND state = 'issued'
RETURNING 1"""),
        )

    def state(self) -> Script:
        return (
            Template(f"SELECT CAST(json_build_array(state, void_reason) AS text) {BY_NUMBER}"),
        )
