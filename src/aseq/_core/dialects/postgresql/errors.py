"""What PostgreSQL's errors say, by their codes."""

from __future__ import annotations

import re

from aseq._core.failure import Code, report
from aseq.errors import AseqError, SequenceLocked, SequenceTableMissing

BUSY = (
    "the lock timeout ended the wait and aborted the transaction. "
    "Roll back and try again in a new one. `aseq.holders`, on another connection, tells who "
    "holds it"
)

_NO_ROOM = (
    "aseq: the server's lock table may be full. Each sequence with a different name takes a "
    "slot in it until the transaction ends: draw from fewer of them in one transaction, set "
    "fair=False on them, or raise max_locks_per_transaction"
)

_CANCELLED = (
    "aseq: the server ended a wait for sequence {sequence}, because of statement_timeout "
    "(unless somebody cancelled the statement). Another transaction held the sequence for so "
    "long: `aseq.holders`, on another connection, tells which. `timeout=` bounds the wait by "
    "raising SequenceLocked, which is worth another try"
)

NOTES: dict[Code, str] = {"53200": _NO_ROOM, "57014": _CANCELLED}

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_NOT_AVAILABLE = "55P03"
_UNDEFINED = ("42P01", "3F000")  # a table, a schema
FAILED_BEFORE = frozenset({"25P02"})  # in_failed_sql_transaction
RETRYABLE = frozenset(
    {
        _LOCK_NOT_AVAILABLE,
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "25006",  # read_only_sql_transaction: the server was demoted by a failover
        "53300",  # too_many_connections
        "57P03",  # cannot_connect_now
    }
)


def code(exc: BaseException) -> str | None:
    """The SQLSTATE on one error."""
    for attribute in ("sqlstate", "pgcode"):  # psycopg2 has the latter
        sqlstate = getattr(exc, attribute, None)
        if isinstance(sqlstate, str):
            return sqlstate
    return None


def explain(exc: BaseException, table: str) -> type[AseqError] | None:
    """Which of our errors a driver's error stands for."""
    found = report(exc, code)
    if found is None:
        return None
    if found.code == _LOCK_NOT_AVAILABLE:
        return SequenceLocked
    # A trigger on our table can miss one of its own.
    ours = any(_names(found.text, name) for name in (table, *table.split(".")))
    return SequenceTableMissing if found.code in _UNDEFINED and ours else None


def _names(text: str, name: str) -> bool:
    """Whether a message is about the name: the quotes around it depend on its language."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text) is not None
