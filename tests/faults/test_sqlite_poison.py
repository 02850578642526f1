"""What a lost number leaves behind on SQLite: a transaction that can only be rolled back."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from aseq.adapters._sqlite import make_unusable as abort

DENIED = (
    "INSERT INTO t VALUES (2)",
    "SELECT * FROM t",
    "SAVEPOINT another",
    "RELEASE one",
    "COMMIT",
    "END",
    "PRAGMA busy_timeout",
)


@pytest.fixture
def aborted() -> Any:
    """A database in memory, in a aborted transaction with a savepoint."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (0)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SAVEPOINT one")
        connection.execute("INSERT INTO t VALUES (1)")
        assert abort(connection)
        yield connection


def rows(connection: sqlite3.Connection) -> list[int]:
    return [row for (row,) in connection.execute("SELECT a FROM t ORDER BY a")]


@pytest.mark.parametrize("statement", DENIED)
def test_is_denied(aborted: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        aborted.execute(statement)


def test_commit_is_denied(aborted: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        aborted.commit()


@pytest.mark.parametrize("statement", ["EXPLAIN ROLLBACK", "ROLLBACK TO one"])
def test_is_allowed_and_lifts_nothing(aborted: sqlite3.Connection, statement: str) -> None:
    aborted.execute(statement)
    assert aborted.in_transaction
    for denied in DENIED:
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            aborted.execute(denied)


def test_rollback_lifts_it_for_good(aborted: sqlite3.Connection) -> None:
    """And the database in memory is still there."""
    aborted.rollback()
    assert rows(aborted) == [0]
    for number in (1, 2):
        aborted.execute("BEGIN IMMEDIATE")
        aborted.execute("SAVEPOINT one")
        aborted.execute("INSERT INTO t VALUES (?)", (number,))
        aborted.execute("RELEASE one")
        aborted.execute("COMMIT")
    assert rows(aborted) == [0, 1, 2]


def test_a_rollback_by_sqlite_itself_lifts_it(aborted: sqlite3.Connection) -> None:
    """Statements that were prepared before don't slip through either."""
    aborted.rollback()
    aborted.execute("CREATE UNIQUE INDEX i ON t (a)")
    aborted.execute("BEGIN")
    with pytest.raises(sqlite3.IntegrityError):
        aborted.execute("INSERT OR ROLLBACK INTO t VALUES (0)")
    assert not abort(aborted)
    assert rows(aborted) == [0]


def test_a_statement_prepared_before_is_denied() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (a)")
        for _ in range(2):  # the second is the cached one
            connection.execute("BEGIN")
            connection.execute("INSERT INTO t VALUES (1)")
            connection.execute("COMMIT")
        connection.execute("BEGIN")
        abort(connection)
        for statement in ("INSERT INTO t VALUES (1)", "COMMIT"):
            with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
                connection.execute(statement)


def test_without_a_transaction_nothing_is_spoilt() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        assert not abort(connection)
        connection.execute("SELECT 1")


def test_it_replaces_the_authorizer_of_the_caller(aborted: sqlite3.Connection) -> None:
    """As documented: SQLite has room for one."""
    aborted.rollback()
    asked: list[int] = []

    def authorize(action: int, *_: object) -> int:
        asked.append(action)
        return sqlite3.SQLITE_OK

    aborted.set_authorizer(authorize)
    aborted.execute("BEGIN")
    assert asked
    abort(aborted)
    aborted.rollback()
    asked.clear()
    assert rows(aborted) == [0]
    assert asked == []


class Tracked(sqlite3.Connection):
    """A subclass, of which gc can count the instances."""


def test_a_spoilt_connection_is_collected(tmp_path: Path) -> None:
    """Its authorizer knows it, and it knows its authorizer: gc can tell."""
    connection = sqlite3.connect(tmp_path / "db", factory=Tracked, isolation_level=None)
    connection.execute("BEGIN")
    assert abort(connection)
    connection.close()
    del connection
    gc.collect()
    assert [item for item in gc.get_objects() if issubclass(type(item), Tracked)] == []


async def test_the_private_names_of_aiosqlite() -> None:
    advice = (
        "aiosqlite changed: aseq.adapters._thread.in_thread_of() runs a function in the "
        "connection's thread by `_execute` and `_conn`. Find what its own methods use now."
    )
    async with aiosqlite.connect(":memory:") as opened:
        connection: Any = opened
        assert isinstance(getattr(connection, "_conn", None), sqlite3.Connection), advice
        assert callable(getattr(connection, "_execute", None)), advice
        assert await connection._execute(lambda: 7) == 7, advice
        assert await connection._execute(lambda x: x, 7) == 7, advice
