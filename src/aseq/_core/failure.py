"""Finding out what went wrong, without knowing the driver that says so.

Drivers and ORMs wrap errors in one another: SQLAlchemy keeps the driver's in
``orig``, others chain them. The code (an SQLSTATE, or SQLite's number) is on one of
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aseq.errors import SequenceLocked

SQLITE_BUSY = 5
SQLITE_LOCKED = 6

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_WORTH_A_NEW_TRANSACTION = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "25006",  # read_only_sql_transaction: the server was demoted by a failover
        "53300",  # too_many_connections
        "57P03",  # cannot_connect_now
        SQLITE_BUSY,
        SQLITE_LOCKED,
    }
)


def chain(exc: BaseException) -> Iterator[BaseException]:
    """The error and those it wraps or came from, each once, the nearest first."""
    waiting, seen = [exc], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        nested = (getattr(current, "orig", None), current.__cause__, current.__context__)
        waiting += [item for item in nested if isinstance(item, BaseException)]


class Report(NamedTuple):
    """What the database said: its code, and the first line of its text."""

    code: str | int
    text: str


def report(exc: BaseException) -> Report | None:
    """The first SQLSTATE, or primary result code of SQLite, in the chain of an error."""
    for item in chain(exc):
        found = _code(item)
        if found is not None:
            return Report(found, str(item).partition("\n")[0])
    return None


def code(exc: BaseException) -> str | int | None:
    """The code of its report, if there is one."""
    said = report(exc)
    return None if said is None else said.code


def _code(exc: BaseException) -> str | int | None:
    for attribute in ("sqlstate", "pgcode"):  # psycopg2 has the latter
        sqlstate = getattr(exc, attribute, None)
        if isinstance(sqlstate, str):
            return sqlstate
    number = getattr(exc, "sqlite_errorcode", None)
    # The low byte is the primary code: https://www.sqlite.org/rescode.html
    return number & 0xFF if isinstance(number, int) else None


def is_retryable(exc: BaseException, /) -> bool:
    """Whether the whole transaction is worth another try, in a new transaction.

    For the `on=` of stamina or the `retry=` of tenacity:

        @stamina.retry(on=aseq.is_retryable)
        async def create_invoice() -> int: ...

    True for `SequenceLocked`, serialization failures, deadlocks, lock timeouts,
    "database is locked", a server that was demoted, is full or is starting up.
    False for a lost connection: it may have been lost after the commit. (psycopg gives no
    code when it can't connect, so there it is false too.)

    Args:
        exc: any error, aseq's or a driver's, however it is wrapped.

    Returns:
        True if another try may succeed; False also for errors of other kinds.
    """
    if isinstance(exc, SequenceLocked):
        return True
    return code(exc) in _WORTH_A_NEW_TRANSACTION
