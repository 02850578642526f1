"""What the database says from outside: which blocks were committed, and up to which number."""

from __future__ import annotations

import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
import pymysql

from tests.clients.mysql import connect_pymysql
from tests.database import Database
from tests.proxy import DEADLINE

PAUSE = 0.001


class LockLeft(Exception):
    """A lock of the sequence outlived its connection's transaction."""


class Witness(ABC):
    """A plain connection of its own.

    It sees a moment at which nobody holds the sequences: a COMMIT that is on its way on a
    connection that was given up has been done by then.
    """

    def last(self, *names: str) -> dict[str, int]:
        """The last values of some sequences.

        Raises:
            LockLeft: somebody holds one of them.
        """
        end = time.monotonic() + DEADLINE
        while (rows := self._locked(names)) is None:
            if time.monotonic() > end:
                raise LockLeft
            time.sleep(PAUSE)
        return dict(rows)

    @abstractmethod
    def blocks(self, name: str) -> set[int]:
        """The blocks that were committed: each has saved its number."""

    @abstractmethod
    def _locked(self, names: tuple[str, ...]) -> list[Any] | None: ...

    def take(self, name: str) -> None:
        """Hold a sequence, if others can while a block is open. (SQLite has one writer.)"""
        return

    def give_back(self) -> None:
        """Let it go."""
        return

    def stand_across(self, name: str) -> bool:
        """Take a sequence for a deadlock that somebody else has to end; whether it was free."""
        raise NotImplementedError

    def cross(self, name: str) -> None:
        """Ask for another one, and wait."""
        raise NotImplementedError


class WitnessPostgres(Witness):
    _SEEN = "SELECT name, last FROM aseq_sequence WHERE name = ANY(%s) FOR UPDATE NOWAIT"
    _QUEUES = (
        "SELECT bool_and(pg_try_advisory_xact_lock("
        "hashtextextended(name, 'aseq_sequence'::regclass::oid::bigint))) "
        "FROM unnest(%s::text[]) AS name"
    )

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def _locked(self, names: tuple[str, ...]) -> list[Any] | None:
        try:
            rows = self._connection.execute(self._SEEN, (list(names),)).fetchall()
            free = self._connection.execute(self._QUEUES, (list(names),)).fetchone()
            return rows if free == (True,) else None
        except psycopg.errors.LockNotAvailable:
            return None
        finally:
            self._connection.rollback()

    def blocks(self, name: str) -> set[int]:
        sql = "SELECT number FROM saved WHERE name = %s"
        rows = self._connection.execute(sql, (name,)).fetchall()
        self._connection.rollback()
        return {number for (number,) in rows}

    def take(self, name: str) -> None:
        self._connection.execute(self._SEEN, ([name],))

    def give_back(self) -> None:
        self._connection.rollback()


class WitnessMariadb(Witness):
    def __init__(self, connection: pymysql.Connection[Any]) -> None:
        self._connection = connection

    def _seen(self, names: tuple[str, ...]) -> list[Any]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(
                "SELECT name, last FROM aseq_sequence WHERE name IN %s FOR UPDATE NOWAIT",
                (names,),
            )
            return list(cursor.fetchall())

    def _locked(self, names: tuple[str, ...]) -> list[Any] | None:
        try:
            return self._seen(names)
        except pymysql.err.OperationalError:
            return None
        finally:
            self._connection.rollback()

    def blocks(self, name: str) -> set[int]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("SELECT number FROM saved WHERE name = %s", (name,))
            numbers = {number for (number,) in cursor.fetchall()}
        self._connection.rollback()
        return numbers

    def take(self, name: str) -> None:
        self._seen((name,))

    def give_back(self) -> None:
        self._connection.rollback()

    def stand_across(self, name: str) -> bool:
        try:
            self._seen((name,))
        except pymysql.err.OperationalError:
            self._connection.rollback()
            return False
        with closing(self._connection.cursor()) as cursor:  # who has written more, wins
            cursor.execute(
                f"INSERT INTO saved VALUES {', '.join(['(%s, 0)'] * 50)}", [name] * 50
            )
        return True

    def cross(self, name: str) -> None:
        with (
            closing(self._connection.cursor()) as cursor,
            suppress(pymysql.err.OperationalError),
        ):
            cursor.execute("SET innodb_lock_wait_timeout = 1")  # if it isn't let to ask
            cursor.execute("SELECT 1 FROM aseq_sequence WHERE name = %s FOR UPDATE", (name,))


class WitnessSqlite(Witness):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _locked(self, names: tuple[str, ...]) -> list[Any] | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return None
        marks = ", ".join("?" * len(names))
        sql = f"SELECT name, last FROM aseq_sequence WHERE name IN ({marks})"
        rows = self._connection.execute(sql, names).fetchall()
        self._connection.execute("ROLLBACK")
        return rows

    def blocks(self, name: str) -> set[int]:
        sql = "SELECT number FROM saved WHERE name = ?"
        return {number for (number,) in self._connection.execute(sql, (name,)).fetchall()}


@contextmanager
def witness(database: Database) -> Iterator[Witness]:
    """A witness of the database, for the length of the block."""
    if database.case.dialect == "postgresql":
        with psycopg.connect(database.url) as pg:
            yield WitnessPostgres(pg)
    elif database.case.dialect == "mariadb":
        with connect_pymysql(database.url) as my:
            my.autocommit(False)
            yield WitnessMariadb(my)
    else:
        url, free = database.url, None
        with closing(sqlite3.connect(url, timeout=0, isolation_level=free)) as lite:
            yield WitnessSqlite(lite)
