"""Piccolo: its engine, and what `async with DB.transaction() as transaction:` yields.

Statements run on the driver's connection under the transaction, as those of asyncpg and
aiosqlite. The engine stands for the transaction that this task, or the one that started it,
has open.

Piccolo ends a block that isn't left by an error with COMMIT. If that is refused, it neither
closes the connection nor forgets the transaction, and everything the task does afterwards
fails. So a transaction that lost a number on SQLite, or that was given up, is marked as rolled
back: then Piccolo only closes the connection, which rolls back whatever is still open.
"""

from __future__ import annotations

from typing import Any

from piccolo.engine.base import BaseTransaction, Engine
from piccolo.engine.cockroach import CockroachEngine
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction

from aseq.adapters.base import Executor, unsupported

from ._outside import BLOCK

_COCKROACH = "on CockroachDB no number can be drawn, only on PostgreSQL and SQLite"

_HINTS = {
    "BaseTransaction": f"it isn't entered: pass the engine, inside {BLOCK}",
    "BaseAtomic": f"pass the engine, inside {BLOCK}",
    "Savepoint": "pass the engine, or the transaction of the savepoint",
}


def executor_for(connection: object, /) -> Executor:
    """The executor for an engine of Piccolo's, or an open transaction.

    Raises:
        UnsupportedConnection: neither, or a transaction that wasn't entered.
    """
    current: Any = connection
    if isinstance(current, Engine):
        current = current.current_transaction.get() or current
    if isinstance(getattr(current, "engine", current), CockroachEngine):
        raise unsupported(connection, {}, _COCKROACH)
    if not isinstance(current, BaseTransaction) or hasattr(current, "connection"):
        for cls, factory in _FACTORIES.items():
            if isinstance(current, cls):
                return factory(current)
    raise unsupported(connection, _HINTS, f"pass the engine, inside {BLOCK}")


def _in_postgres(transaction: Any) -> Executor:
    from ._postgres import PostgresBlock

    return PostgresBlock(transaction)


def _outside_postgres(engine: Any) -> Executor:
    from ._postgres import OutsidePostgres

    return OutsidePostgres(engine)


def _in_sqlite(transaction: Any) -> Executor:
    from ._sqlite import SqliteBlock

    return SqliteBlock(transaction)


def _outside_sqlite(engine: Any) -> Executor:
    from ._sqlite import OutsideSqlite

    return OutsideSqlite(engine)


# Either driver may be missing, so what needs it is imported on use.
_FACTORIES = {
    PostgresTransaction: _in_postgres,
    PostgresEngine: _outside_postgres,
    SQLiteTransaction: _in_sqlite,
    SQLiteEngine: _outside_sqlite,
}
