"""What is known of a group after an error: only what the *server* said counts as known.

An error that the client made up (a lost connection, a cancelled statement, a codec) says
nothing of what the server did, least of all after a COMMIT was sent. Whether an error came
from a server shows on the error of the driver, wherever it stands in the chain:

* asyncpg: only an error that came over the wire has a severity. (A lost connection can be an
  `InternalClientError`, without a code.)
* psycopg: only such an error has a result.
* psycopg2: only such an error has a code.
* sqlite3: an error of the library's has its code.
* asyncmy and aiomysql: the client's own errors have numbers from 2000 to 2999, or none.
"""

from __future__ import annotations

from aseq._core.dialects import Dialect, mysql_family
from aseq._core.failure import Code, chain
from aseq.errors import (
    AseqError,
    LedgerTableMissing,
    SequenceLocked,
    SequenceTableMissing,
    UnsupportedConnection,
)

from ._hooks import HookFailed

# Classes of SQLSTATE that say nothing about a row: a connection that is lost, a rollback for
# another's sake, no resources, an operator at work, a system error, an internal one.
_SAYS_NOTHING = ("08", "40", "53", "57", "58", "XX")
_LOCK_NOT_AVAILABLE = "55P03"

# Before a row is written: a transaction that can't do it (read only, for example), a table or
# a right that isn't there.
_ABOUT_ALL = ("25", "42")

_OF_MYSQL = ("mariadb", "mysql")

# The same of MariaDB and MySQL: what is retryable, what an operator does, what is lacking.
_MARIADB_SAYS_NOTHING = frozenset(
    {
        *mysql_family.RETRYABLE,
        *mysql_family.ENDS_TRANSACTION,
        *(1021, 1026, 1030, 1114),  # no room on the disk, or in a table
        *(1037, 1038, 1041),  # no memory
        *(1053, 1152, 1180, 1317, 1927, 1969),  # shutdown, aborted, COMMIT failed, killed, late
        *(1158, 1159, 1160, 1161),  # errors of the network
        *(3024, 3032, 3169, 4031),  # MySQL's: late, offline, killed, idle for too long
        *(3100, 3797),  # its group replication: the group didn't answer
    }
)
_MARIADB_ABOUT_ALL = frozenset({1044, 1054, 1064, 1142, 1143, 1146, 1792})

# SQLITE_ERROR, READONLY, TOOBIG, CONSTRAINT, MISMATCH, RANGE.
_SQLITE_SAYS = (1, 8, 18, 19, 20, 25)


def code_of(exc: BaseException, dialect: Dialect) -> Code | None:
    """The code with which the server itself refused something; None if it didn't."""
    for item in chain(exc):
        for mark in ("severity", "pgresult", "pgcode", "sqlite_errorcode"):
            if getattr(item, mark, None) is not None:
                return dialect.code(item)
        if dialect.name in _OF_MYSQL and mysql_family.is_from_server(
            code := dialect.code(item)
        ):
            return code
    return None


def is_about_rows(exc: Exception, dialect: Dialect) -> bool:
    """Whether nothing was saved, and trying the same again would end the same way.

    If not, either the outcome isn't known, or another try may go better.
    """
    if isinstance(exc, AseqError):
        return not isinstance(exc, SequenceLocked)
    hook = isinstance(exc, HookFailed)
    code = code_of(told(exc), dialect)
    if code is None:
        return hook
    if isinstance(code, str):
        return not code.startswith(_SAYS_NOTHING) and code != _LOCK_NOT_AVAILABLE
    if dialect.name in _OF_MYSQL:
        return code not in _MARIADB_SAYS_NOTHING
    return code in _SQLITE_SAYS


def is_about_all(exc: Exception, dialect: Dialect, *, assigning: bool) -> bool:
    """Whether each of the rows would end in this error: there is nothing to find out.

    Args:
        exc: what `is_about_rows`.
        dialect: of the server.
        assigning: a row may be the cause, by a trigger of its own for example.
    """
    if isinstance(exc, SequenceTableMissing | LedgerTableMissing | UnsupportedConnection):
        return True
    if assigning:
        return False
    if isinstance(exc, AseqError | HookFailed):  # before a row was looked at
        return True
    code = code_of(exc, dialect)
    if isinstance(code, str):
        return code.startswith(_ABOUT_ALL)
    return dialect.name in _OF_MYSQL and code in _MARIADB_ABOUT_ALL


def is_lock_timeout(exc: Exception, dialect: Dialect) -> bool:
    """Whether a statement waited for a lock in vain, and isn't a draw with a time limit."""
    codes = (dialect.code(item) for item in chain(exc))
    return dialect.name in _OF_MYSQL and mysql_family.LOCK_WAIT_TIMEOUT in codes


def told(exc: Exception) -> Exception:
    """The error as the caller knows it: a hook's own."""
    return exc.args[0] if isinstance(exc, HookFailed) else exc
