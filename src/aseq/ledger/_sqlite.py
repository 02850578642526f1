"""What SQLite is asked about the ledger.

The write lock keeps everything in order, and is taken first: a transaction that reads and
writes later can fail in between, with the database "locked". A statement can write to one
table only, so the number and its row in the ledger take two.

There is no ON CONFLICT here: the ledger's guard refuses an INSERT of what is there already.
"""

from __future__ import annotations

from aseq._core.dialects import TimedDraw
from aseq._core.dialects.sqlite import CLOCK
from aseq._core.statement import Script, Template
from aseq._core.waiting import Wait

from ._texts import BY_KEY, BY_NUMBER, COLUMNS, LINES, WRITTEN, Texts

# Writes nothing, but takes the write lock, and has sqlite3 begin a transaction if it does so
# by itself. (With a parameter: SQLAlchemy's executor looks at the connection then.)
_LOCK = "INSERT INTO $table (name, last) SELECT :queue, 0 WHERE false"

# Seconds as a text are rounded; without their fraction there is nothing to round.
_MICROSECONDS = (
    "CAST(strftime('%s', substr(at, 1, 19)) AS integer) * 1000000 "
    "+ CAST(substr(at, 21, 6) AS integer)"
)
_LOOK = f"SELECT 0, 1, json_array(number, text, {_MICROSECONDS}) {BY_KEY}"

# The keys first, and the ledger by its index: SQLite keeps the order of a CROSS JOIN.
_ENTRY = f"json_array(series, document_key, number, text, {_MICROSECONDS}, state)"
_WANTED = "json_extract(value, '$.s') AS s, json_extract(value, '$.k') AS k"
_OF_KEYS = f"""\
FROM (SELECT {_WANTED} FROM json_each(:keys)) AS w
CROSS JOIN $ledger ON series = w.s AND document_key = w.k"""

_CLAMPED = "max(:earliest, min(:clock, :newest))"
_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"


def _moment(microseconds: str) -> str:
    """A moment as SQLAlchemy and Django write it, in UTC."""
    fraction = f"(({microseconds} % 1000000 + 1000000) % 1000000)"
    second = f"({microseconds} - {fraction}) / 1000000"
    day_and_time = f"strftime('%Y-%m-%d %H:%M:%S', {second}, 'unixepoch')"
    return f"{day_and_time} || printf('.%06d', {fraction})"


_WRITE = f"""\
INSERT INTO $ledger ({COLUMNS})
VALUES (:series, :name, :number, :text, nullif(:key, ''),
    {_moment(_CLAMPED)},
    {_moment(":clock")},
    nullif(:by, ''), nullif(:note, ''), 'issued')
RETURNING 1"""

_LINE = ", ".join(
    f"json_extract(value, '$.{name}') AS {name}" for name in (*LINES.split(", "), "a")
)
_WRITE_ALL = f"""\
{WRITTEN},
    {_moment("coalesce(a, clock)")},
    {_moment("clock")},
    nullif(:by, ''), nullif(:note, ''), 'issued'
FROM (SELECT {_LINE} FROM json_each(:rows)), (SELECT {CLOCK} AS clock)
RETURNING 1"""

_VOID = f"""\
UPDATE $ledger SET state = 'void', voided_at = {_NOW},
    voided_by = nullif(:by, ''), void_reason = :reason
WHERE sequence = :name AND number = :number AND state = 'issued'
RETURNING 1"""


class SQLite(Texts):
    """The texts for SQLite."""

    def look(self, wait: Wait) -> Script:
        return (Template(_LOCK), Template(_LOOK))

    def look_for_all(self, wait: Wait) -> Script:
        found = f"SELECT 0, 1, json_group_array(json({_ENTRY})) {_OF_KEYS}"
        return (Template(_LOCK), Template(found))

    def find_all(self) -> Script:
        return (Template(f"SELECT {_ENTRY} {_OF_KEYS}"),)

    def write_all(self, wait: Wait, *, keyed: bool) -> Script:
        return (Template(_WRITE_ALL),)

    def look_again(self) -> Script:
        return ()

    def draw(self, kind: TimedDraw, *, keyed: bool) -> None:
        return None

    def write(self, wait: Wait, *, keyed: bool) -> Script:
        return (Template(_WRITE),)

    def void(self) -> Script:
        return (Template(_VOID),)

    def state(self) -> Script:
        return (Template(f"SELECT json_array(state, void_reason) {BY_NUMBER}"),)
