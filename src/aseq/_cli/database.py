"""One connection for one command, and errors of drivers in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from aseq._core.dialects import DIALECTS
from aseq._core.waiting import waiting
from aseq._exit_codes import ExitCode
from aseq.adapters.sqlalchemy import greenlet_executor_for
from aseq.errors import SequenceLocked

from . import interrupt
from .drivers import Driver, driver_for
from .problems import Problem
from .secrets import SECRETS
from .url import Target

T = TypeVar("T")

_PACKAGES = ("MySQLdb", "asyncmy", "asyncpg", "psycopg", "psycopg2", "pymysql", "sqlite3")


@dataclass(frozen=True)
class Database:
    """A connection, open while a command works.

    Attributes:
        connection: SQLAlchemy's. It commits each statement by itself, unless it is in a
            transaction of `begin`.
        shown: driver, host, port and database.
        driver: the name of the driver.
    """

    connection: Connection
    shown: str
    driver: str

    @property
    def dialect(self) -> Literal["mysql", "postgresql", "sqlite"]:
        """Which kind of database it is; MariaDB is of the kind that SQLAlchemy calls mysql."""
        known: Any = self.connection.dialect.name
        return "mysql" if known == "mariadb" else known

    @property
    def on(self) -> Any:
        """What the verbs of `aseq.sync` work on."""
        return greenlet_executor_for(self.connection) or self.connection

    def waiting(self, timeout: float) -> float | None:
        """What to pass as a draw's `timeout`, so that it waits no longer than that.

        MySQL has none for a single statement: there the connection, which is ours, gets it.
        """
        dialect: Any = self.connection.dialect
        if self.dialect != "mysql" or dialect.is_mariadb:
            return timeout
        waiting(nowait=False, timeout=timeout)  # says what is wrong with it
        seconds = max(1, ceil(timeout))
        self.connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {seconds}")
        return None


def on_database(
    target: Target,
    work: Callable[[Database], T],
    *,
    writes: bool = False,
    create: bool = False,
    verb: str = "",
) -> T:
    """Connect, work, and disconnect.

    Args:
        target: where.
        work: what to do. It may be called in an event loop, so it mustn't ask anybody.
        writes: in a transaction, committed at the end; else each statement is by itself, so
            that no snapshot and no lock is held between them.
        create: make SQLite's file, if it isn't there.
        verb: for `application_name`.

    Raises:
        Problem: the database can't be reached, or refused something.
    """
    driver = driver_for(target, application_name=f"aseq {verb}".strip(), create=create)
    shown = target.shown(driver.name)
    options: dict[str, Any] = {
        "poolclass": NullPool,
        "hide_parameters": True,
        "connect_args": dict(driver.arguments),
    }
    if not writes:
        options["isolation_level"] = "AUTOCOMMIT"
    family = "mysql" if target.dialect == "mariadb" else target.dialect
    url = f"{family}+{driver.name}://"

    def use(connection: Connection) -> T:
        with told(shown):
            if not writes:
                return work(Database(connection, shown, driver.name))
            with connection.begin():
                return work(Database(connection, shown, driver.name))

    if driver.awaited:
        interrupt.leave_to_the_loop()
        return asyncio.run(_awaited(url, driver, options, use, shown))
    engine = create_engine(url, creator=driver.connect, **options)
    with told(shown, connecting=True):
        connection = engine.connect()
    with connection:
        return use(connection)


async def _awaited(
    url: str, driver: Driver, options: Any, use: Callable[[Connection], T], shown: str
) -> T:
    engine = create_async_engine(url, async_creator=driver.connect, **options)
    connection = engine.connect()
    with told(shown, connecting=True):
        await connection.start()
    try:
        return await connection.run_sync(use)
    finally:
        await connection.close()


@contextmanager
def told(shown: str, *, connecting: bool = False) -> Iterator[None]:
    """Let errors of the database leave as a `Problem`.

    Args:
        shown: which database, for the message.
        connecting: nothing but the connection is made, so that every error is about that.
    """
    try:
        yield
    except (Problem, BrokenPipeError):
        raise
    except Exception as exc:
        if not (connecting or isinstance(exc, SQLAlchemyError | OSError) or _is_drivers(exc)):
            raise
        text = SECRETS.scrub(_words(getattr(exc, "orig", None) or exc))
        raise Problem(f"{shown}: {text}", _code(exc)) from exc


def _words(exc: BaseException) -> str:
    """The driver's own, without the classes that SQLAlchemy puts before them."""
    cause = exc.__cause__ if exc.__cause__ is not None and _is_drivers(exc.__cause__) else exc
    said = str(cause)
    if len(cause.args) > 1 and isinstance(cause.args[0], int):  # MariaDB's drivers: code, text
        said = f"{cause.args[1]} ({cause.args[0]})"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "\n".join(lines) or type(cause).__name__


def _is_drivers(exc: BaseException) -> bool:
    package = type(exc).__module__.partition(".")[0]
    return package in _PACKAGES


def _code(exc: BaseException) -> ExitCode:
    locked = any(each.explain(exc, "") is SequenceLocked for each in DIALECTS.values())
    return ExitCode.LOCKED if locked else ExitCode.DATABASE
