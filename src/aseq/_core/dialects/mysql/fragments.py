"""What MySQL's statements are made of.

MySQL has no RETURNING. What a statement gives to `LAST_INSERT_ID` comes back with its OK, in
the same round trip; but as a number without a sign, and 0 if nothing was given. So the
topmost bit of each number is turned over: no number is 0 then, but the lowest of all, whose
row is counted as changed.

Something else may come in its place: the id that a column with AUTO_INCREMENT gave to a new
row, and 0 where the table has a trigger, whatever that does. All of them are small, as are
only numbers that nobody has. So such an answer is confirmed in a round trip of its own. What
was given, a trigger leaves as it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from aseq._core.dialects.fragments import looping
from aseq._core.dialects.mysql_family import OUT_OF_RANGE, called, only_if
from aseq._core.statement import IN_DOUBT, Row, Template
from aseq._core.waiting import Wait

COLLATION = "utf8mb4_0900_bin"

CALLED = called(COLLATION)

_TOPMOST = 2**63
_SMALL = 2**62


def given(number: str) -> str:
    """An expression that has the value of another one, and lets the OK carry it."""
    return f"CAST(LAST_INSERT_ID(({number}) ^ {_TOPMOST}) ^ {_TOPMOST} AS SIGNED)"


def answer(last_id: int, changed: int) -> Sequence[Row]:
    """What an OK stands for.

    Args:
        last_id: the id that it carries.
        changed: how many rows were changed.

    Returns:
        the number that was given; `IN_DOUBT` if the id may be another one.
    """
    if not last_id and not changed:
        return ()
    if last_id < _SMALL:
        return (IN_DOUBT,)
    turned = last_id ^ _TOPMOST
    return ((turned if turned < _TOPMOST else turned - 2 * _TOPMOST,),)


GIVEN = f"CAST(LAST_INSERT_ID() ^ {_TOPMOST} AS SIGNED)"
"""The number that was given last on this connection; or what has come in its place."""

SOUND = f"{CALLED} = :name AND last IS NOT NULL"
"""Whether a row can be drawn from. (Of NULL, an OK would carry 0, though a row was found.)"""

NOT_JSON = 3141
REFUSED = "JSON_EXTRACT(CONCAT('!', name), '$')"
"""Fails, where a row is there that isn't to be changed: an OK couldn't tell that."""

PAST_THE_END = OUT_OF_RANGE

# django-sequences has its column without a sign, which would go on after 64 bits' end.
LAST = "CAST(last AS SIGNED)"
NEXT = f"{LAST} + :advance"
LOOPING = looping(LAST, "DIV", "MOD")

# SYSDATE is read where it stands, NOW when the statement begins. In local time an hour comes
# twice in autumn, so for the length of the statement alone the time is UTC.
IN_UTC = "SET_VAR(time_zone = '+00:00')"
UTC = f"/*+ {IN_UTC} */ "
CLOCK = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6))"
TICKS = "EXP(999 * (SYSDATE(6) = NOW(6) OR @@time_zone <> '+00:00')) > 0"
"""Fails (a double is out of range) where the two are one (sysdate_is_now), or not in UTC."""

_OPEN = """\
SELECT 1 FROM performance_schema.events_transactions_current AS t
    WHERE t.THREAD_ID = PS_CURRENT_THREAD_ID() AND t.STATE = 'ACTIVE' AND t.AUTOCOMMIT = 'NO'"""

INSIDE = only_if("@@autocommit = 0")
"""Fails in autocommit mode, where a statement can't tell whether a transaction was begun."""

INSIDE_TOLD = only_if(f"@@autocommit = 0 OR EXISTS (\n    {_OPEN}\n)")
"""Fails if no transaction is open. Takes the right to look into performance_schema."""

ASK = f"SELECT COUNT(*) FROM ({_OPEN}) AS open"

OPENS = "SET TRANSACTION READ WRITE", 1568
"""What fails while a transaction is open, and with which code. It asks for what is usual."""

OWN_ID = """\
SELECT column_name FROM information_schema.columns
WHERE table_schema = COALESCE(NULLIF(%s, ''), DATABASE()) AND table_name = %s
    AND LOCATE('auto_increment', extra) > 0"""

_LOCK = Template(
    f"SELECT 1 FROM $table WHERE name = :name AND {CALLED} = :name FOR UPDATE NOWAIT"
)


def first(wait: Wait) -> tuple[Template, ...]:
    """What is said before a draw: not to wait is for reading alone."""
    return (_LOCK,) if wait is Wait.NONE else ()
