"""What MariaDB and MySQL have in common: codes of errors, and the table.

An error of the server's is ``(code, text)`` to every driver of theirs. Some codes mean that the
whole transaction was rolled back, and then the connection goes on as if nothing had happened:
what comes next is in another transaction, or committed by itself, while the caller still holds
numbers that are free again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aseq._core.failure import Code, report
from aseq._core.statement import Row, Script, Template
from aseq.errors import AseqError, NotInTransaction, SequenceLocked, SequenceTableMissing

from .fragments import CHECKS, CREATE

# https://mariadb.com/kb/en/mariadb-error-code-reference/
LOCK_WAIT_TIMEOUT = 1205
OUT_OF_RANGE = 1690
_REGULAR_EXPRESSION: frozenset[Code] = frozenset({1139, 3691})  # MariaDB's, MySQL's
_STATEMENT_TIMEOUT = 1969  # MariaDB's max_statement_time
_LOCK_NOWAIT = 3572  # MySQL's NOWAIT
_SELECT_TIMEOUT = 3024  # MySQL's MAX_EXECUTION_TIME, of one that locks
_NO_SCHEMA, _NO_TABLE = 1049, 1146

_WAITED = (LOCK_WAIT_TIMEOUT, _STATEMENT_TIMEOUT, _LOCK_NOWAIT, _SELECT_TIMEOUT)

ENDS_TRANSACTION: frozenset[Code] = frozenset(
    {
        1213,  # a deadlock
        1206,  # there is no room for more locks
        1020,  # MariaDB: the row has changed since this transaction's snapshot
        1613,  # a transaction of XA timed out
        1614,  # a deadlock of XA
    }
)

# Both have the same, for the first dialect that knows an error's code says. After each of them
# nothing was kept, also if COMMIT raised it. So these two aren't among them: 1180 (the COMMIT
# failed) on a node of Galera that was cut off, and 3100 (the group didn't answer) on one of
# MySQL's group replication; the other nodes may have what was committed.
RETRYABLE: frozenset[Code] = frozenset(
    {
        *(LOCK_WAIT_TIMEOUT, _LOCK_NOWAIT, 1213, 1020),
        1040,  # too many connections
        1047,  # Galera: the node isn't ready
        1290,  # --read-only: the server was demoted by a failover
        1836,  # read-only mode, as MySQL says it
        3101,  # MySQL's group replication: another node's transaction came first
    }
)

ENDED = (
    "the server says that none is open: it rolled it back after an error (a deadlock, for "
    "example), or a statement such as CREATE TABLE has ended it. Roll back and begin again"
)


def only_if(condition: str) -> str:
    """An expression that is 1 if a condition holds, and fails if it doesn't.

    Neither server has an expression that only raises an error. A regular expression that isn't
    closed does, and costs next to nothing. (The usual trick, a subquery of two rows, makes a
    temporary table each time, which takes about as long as the draw itself.)
    """
    return f"_utf8mb4'a' REGEXP IF({condition}, _utf8mb4'a', _utf8mb4'(')"


def called(collation: str) -> str:
    """The row's name, to compare: an older table may take two names for the same one."""
    return f"CONVERT(name USING utf8mb4) COLLATE {collation}"


def code(exc: BaseException) -> int | None:
    """The number on one error, of any class that the Python DB-API names."""
    first = exc.args[0] if len(exc.args) > 1 else None
    if type(first) is not int or first < 1000:
        return None
    return first if any(cls.__name__ == "Error" for cls in type(exc).__mro__) else None


def is_from_server(code: object) -> bool:
    """Whether an error's number is the server's: those from 2000 to 2999 are the client's."""
    return isinstance(code, int) and not 2000 <= code < 3000


def explain(exc: BaseException, table: str) -> type[AseqError] | None:
    """Which of our errors a driver's error stands for."""
    found = report(exc, code)
    if found is None:
        return None
    if found.code in _WAITED:
        return SequenceLocked
    if found.code in _REGULAR_EXPRESSION:
        return NotInTransaction
    # A trigger on our table can miss one of its own.
    places: dict[Code, str] = {_NO_TABLE: table, _NO_SCHEMA: table.rpartition(".")[0]}
    missing = places.get(found.code)
    ours = missing and re.search(rf"(?<!\w){re.escape(missing)}(?!\w)", found.text)
    return SequenceTableMissing if ours else None


def changed(_: int, rows: int) -> Sequence[Row]:
    """What an OK stands for that carries no number: a row, if it changed some."""
    return ((rows,),) if rows > 0 else ()


def create(collation: str) -> Script:
    """The table. It must be InnoDB's, and tell apart what isn't the same name."""
    return (
        Template(
            CREATE.format(
                key="",  # the server has a name of its own for it
                name=f"varchar(100) CHARACTER SET utf8mb4 COLLATE {collation}",
                checks=CHECKS,
                storage=" ENGINE=InnoDB",
            )
        ),
    )


# CREATE TABLE commits what the transaction has done, even if the table is there.
EXISTS = (
    Template("""\
SELECT COUNT(*) FROM information_schema.tables
WHERE table_name = '$bare' AND CASE
    WHEN LOCATE('.', $literal) = 0 THEN table_schema = DATABASE()
    ELSE CONCAT('`', table_schema, '`.`', table_name, '`') = $literal
END"""),
)
