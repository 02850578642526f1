"""What isn't a connection of sync code, and the hint that leads on."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import aiosqlite
import psycopg2  # type: ignore[import-untyped,unused-ignore]
import pymysql
import pytest
import wrapt
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from aseq import AsyncSequence, NotInTransaction, UnsupportedConnection, sync
from aseq.sqlalchemy import begin_immediate

PSYCOPG2 = (
    "psycopg2's own connections don't tell all that must be known: use aseq.sync with "
    "SQLAlchemy's Session or Connection over psycopg2, or with a psycopg.Connection (psycopg "
    "3); in Django, use aseq.django.sync"
)
PYMYSQL = (
    "PyMySQL's and mysqlclient's own connections aren't taken: use aseq.sync with SQLAlchemy's "
    "Session or Connection over either; in Django, use aseq.django.sync; in async code, use "
    "asyncmy or aiomysql"
)
AWAITED = "use a Session or a Connection; in async code, use aseq.AsyncSequence"
ENGINE = create_engine("sqlite://")
ASYNC_ENGINE = create_async_engine("sqlite+aiosqlite://")

MISSES: dict[str, tuple[Callable[[], Any], str]] = {
    "async session": (lambda: AsyncSession(ASYNC_ENGINE), AWAITED),
    "async connection": (lambda: ASYNC_ENGINE.connect(), AWAITED),
    "async engine": (lambda: ASYNC_ENGINE, AWAITED),
    "engine": (lambda: ENGINE, "open a connection: `with engine.begin() as conn:`"),
    "sessionmaker": (
        lambda: sessionmaker(ENGINE),
        "open a session: `with Session.begin() as session:`",
    ),
    "session of an async engine": (
        lambda: Session(ASYNC_ENGINE.sync_engine),
        (
            "its engine is for sqlite+aiosqlite; aseq.sync knows postgresql+psycopg, "
            "postgresql+psycopg2, sqlite+pysqlite, mysql+pymysql, mysql+mysqldb, "
            "mariadb+pymysql, mariadb+mysqldb"
        ),
    ),
    "session without an engine": (Session, "it has no engine: `Session(engine)`"),
    "aiosqlite": (
        lambda: aiosqlite.Connection(lambda: sqlite3.connect(":memory:"), 64),
        "it is for async code: use aseq.AsyncSequence and the other names of aseq there",
    ),
    "psycopg2": (
        lambda: psycopg2.extensions.connection.__new__(psycopg2.extensions.connection),
        PSYCOPG2,
    ),
    "PyMySQL": (lambda: pymysql.Connection(defer_connect=True), PYMYSQL),
    "cursor": (
        lambda: sqlite3.connect(":memory:").cursor(),
        "pass the connection: `cursor.connection`",
    ),
    "nothing": (
        object,
        (
            "pass an open connection or session of SQLAlchemy (Session, Connection), a "
            "psycopg.Connection, a sqlite3.Connection, or an aseq SyncExecutor"
        ),
    ),
}


@pytest.mark.parametrize("miss", ["psycopg2", "PyMySQL"])
async def test_a_driver_is_refused_in_async_code_with_the_same_hint(miss: str) -> None:
    make, hint = MISSES[miss]
    with pytest.raises(UnsupportedConnection) as caught:
        await AsyncSequence("invoices").next_value(make())
    assert caught.value.hint == hint


@pytest.mark.parametrize("miss", MISSES)
def test_hints_at_what_to_use_instead_of(miss: str) -> None:
    make, hint = MISSES[miss]
    thing = make()
    with pytest.raises(UnsupportedConnection) as caught:
        sync.Sequence("invoices").next_value(thing)
    if isinstance(thing, sqlite3.Cursor):
        thing.connection.close()

    assert caught.value.hint == hint


def test_two_sessions_of_a_thread_share_sqlite_in_memory() -> None:
    engine = create_engine("sqlite://")
    sequence = sync.Sequence("invoices")
    with Session(engine) as one, Session(engine) as other:
        sync.create_table(one)
        one.commit()
        other.connection()
        with pytest.raises(UnsupportedConnection, match="commit or undo"):
            sequence.next_value(one)
        other.close()
        assert sequence.next_value(one) == 1, "alone, it may"
        one.commit()
    engine.dispose()


def test_a_scoped_session_and_a_proxy_are_taken() -> None:
    engine = begin_immediate(create_engine("sqlite://"))
    scoped = scoped_session(sessionmaker(engine))
    sync.create_table(scoped)
    scoped.commit()
    assert sync.Sequence("invoices").next_value(scoped) == 1
    scoped.remove()
    engine.dispose()
    plain = wrapt.ObjectProxy(sqlite3.connect(":memory:"))
    sync.create_table(plain)
    assert sync.Sequence("invoices").next_value(plain) == 1
    plain.close()


def test_autocommit_of_sqlalchemy_is_refused() -> None:
    engine = create_engine("sqlite://")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        sync.create_table(conn)
        with pytest.raises(NotInTransaction, match="the driver is in autocommit mode"):
            sync.Sequence("invoices").next_value(conn)
    engine.dispose()


def test_importing_it_loads_no_driver() -> None:
    code = (
        "import sys, aseq.sync\n"
        "print({'psycopg', 'psycopg2', 'sqlalchemy', 'sqlite3', 'django'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
