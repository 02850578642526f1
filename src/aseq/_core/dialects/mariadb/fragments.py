"""What MariaDB's statements are made of."""

from __future__ import annotations

from aseq._core.dialects.fragments import looping
from aseq._core.dialects.mysql_family import (
    LOCK_WAIT_TIMEOUT,
    OUT_OF_RANGE,
    called,
    only_if,
)
from aseq._core.failure import Code
from aseq._core.waiting import Wait

COLLATION = "utf8mb4_nopad_bin"

CALLED = called(COLLATION)

IN_TRANSACTION = only_if("@@in_transaction = 1 OR @@autocommit = 0")
"""Fails with an error of its own if no transaction is open."""

# django-sequences has its column without a sign, which would go on after 64 bits' end.
LAST = "CAST(last AS SIGNED)"
NEXT = f"{LAST} + :advance"
LOOPING = looping(LAST, "DIV", "MOD")

# SYSDATE is read where it stands, NOW when the statement begins.
CLOCK = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6))"
WAITED = "TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) DIV 1000"
TICKS = "EXP(999 * (SYSDATE(6) = NOW(6))) > 0"
"""Fails (a double is out of range) on a server that makes the one the other: sysdate_is_now."""

UTC = "time_zone = '+00:00'"
"""For the statement alone: in local time an hour comes twice in autumn."""

KEPT = "IF(LENGTH(@aseq_kept := {name}) = 0, 0, last)"
"""The row as it was, and a mark that it wasn't drawn from: RETURNING sees only what is new.

Not with IS NULL: of what can't be NULL, the server doesn't ask it, and no mark is made. Nor
with ``= ''``: a name isn't compared to what the connection has in another binary collation.
"""

UNMARKED = "LENGTH(@aseq_kept := SPACE(0)) = 0"
"""No mark, to begin with. (Under EMPTY_STRING_IS_NULL, '' is none.)"""

_OWN_LIMIT = "@@max_statement_time BETWEEN 0.000001 AND :timeout / 1000"
_WAITS = {
    Wait.ANY: (),
    Wait.NONE: ("innodb_lock_wait_timeout = 0",),
    # Of the whole statement, and of no other: what the caller has set stays if it's shorter.
    Wait.BOUNDED: (
        f"max_statement_time = IF({_OWN_LIMIT}, @@max_statement_time, :timeout / 1000)",
    ),
}


def setting(wait: Wait, *others: str) -> str:
    """What is set for the length of one statement."""
    settings = (*others, *_WAITS[wait])
    return f"SET STATEMENT {', '.join(settings)} FOR\n" if settings else ""


def nothing_on(wait: Wait, *codes: Code) -> frozenset[Code]:
    """The errors that mean no more than that nothing was drawn."""
    return frozenset((*codes, *((LOCK_WAIT_TIMEOUT,) if wait is Wait.NONE else ())))


PAST_THE_END = OUT_OF_RANGE
