"""The rows of the contract suite: each kind of connection, and what can be said of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from devtools.mysql import is_asked_for
from tests import clients

# Everything but worker threads rests on asyncio: these libraries fail under trio.
ASYNCIO = ("asyncio", "asyncio+uvloop")
ANY = (*ASYNCIO, "trio")
# One event loop tells enough of what differs by the library alone.
ONE_LOOP = ("asyncio",)
# Of aseq.sync: the loop is the tests' own, and plays no part.
NO_LOOP = ("asyncio",)


@dataclass(frozen=True)
class Case:
    """One kind of connection.

    Attributes:
        client: how to use it.
        dialect: the database under it.
        backends: the event loops that its library runs on.
        python: the lowest version that its library runs on.
        brief: another row has the same driver, so only what is in `BRIEF` runs on this one.
        also: what runs on it besides.
        unstoppable: the suite can't stop its draws in the middle; its own tests do.
    """

    client: type[clients.Client]
    dialect: Literal["mariadb", "mysql", "postgresql", "sqlite"]
    backends: tuple[str, ...] = ASYNCIO
    python: tuple[int, int] = (3, 11)
    brief: bool = False
    also: tuple[str, ...] = ()
    unstoppable: bool = False

    @property
    def id(self) -> str:
        """As pytest prints it."""
        name = self.client.__name__
        on_both = self.dialect == "mysql" and not name.endswith("Mysql")
        return f"{name}OnMysql" if on_both else name

    @property
    def runs(self) -> bool:
        """Whether this Python has its library, and its database is there or has to be."""
        there = self.dialect != "mysql" or is_asked_for()
        return there and sys.version_info >= self.python


CASES = (
    Case(clients.Asyncpg, "postgresql"),
    Case(clients.AsyncpgPool, "postgresql"),
    Case(clients.Psycopg, "postgresql"),
    Case(clients.PsycopgBlock, "postgresql"),
    Case(clients.PsycopgThread, "postgresql", ANY),
    Case(clients.PsycopgThreadBlock, "postgresql", ANY),
    Case(clients.AsyncBackend, "postgresql", python=(3, 12)),
    Case(clients.SessionAsyncpg, "postgresql"),
    Case(clients.SessionPsycopg, "postgresql"),
    Case(clients.ConnectionAsyncpg, "postgresql"),
    Case(clients.ConnectionPsycopg, "postgresql"),
    Case(clients.SessionAiosqlite, "sqlite"),
    Case(clients.SessionAiosqliteDefault, "sqlite"),
    Case(clients.ConnectionAiosqlite, "sqlite"),
    Case(clients.Aiosqlite, "sqlite"),
    Case(clients.AiosqliteLegacy, "sqlite"),
    Case(clients.Sqlite3, "sqlite", ANY),
    Case(clients.Sqlite3Legacy, "sqlite", ANY),
    Case(clients.AatomicPostgres, "postgresql"),
    Case(clients.AatomicSqlite, "sqlite"),
    Case(clients.AatomicMariadb, "mariadb", ONE_LOOP),
    Case(clients.TortoiseAsyncpg, "postgresql"),
    Case(clients.TortoisePsycopg, "postgresql"),
    Case(clients.TortoiseSqlite, "sqlite"),
    Case(clients.PiccoloPostgres, "postgresql", ONE_LOOP, brief=True),
    Case(clients.PiccoloSqlite, "sqlite", ONE_LOOP, brief=True, unstoppable=True),
    Case(clients.Asyncmy, "mariadb"),
    Case(clients.AsyncmyPool, "mariadb", brief=True),
    Case(clients.Aiomysql, "mariadb", ONE_LOOP, brief=True),
    Case(clients.AiomysqlPool, "mariadb", ONE_LOOP, brief=True),
    Case(clients.SessionAsyncmy, "mariadb", ONE_LOOP),
    Case(clients.ConnectionAsyncmy, "mariadb", ONE_LOOP, brief=True),
    Case(clients.SessionAiomysql, "mariadb", ONE_LOOP, brief=True),
    Case(clients.TortoiseAsyncmy, "mariadb", ONE_LOOP, brief=True),
    Case(clients.TortoiseAsyncmy, "mysql", ONE_LOOP, brief=True),
    Case(clients.Asyncmy, "mysql", ONE_LOOP),
    Case(clients.AsyncmyPool, "mysql", ONE_LOOP, brief=True),
    Case(clients.Aiomysql, "mysql", ONE_LOOP, brief=True),
    Case(clients.AiomysqlPool, "mysql", ONE_LOOP, brief=True),
    Case(clients.SessionAsyncmy, "mysql", ONE_LOOP),
    Case(clients.ConnectionAsyncmy, "mysql", ONE_LOOP, brief=True),
    Case(clients.SessionAiomysql, "mysql", ONE_LOOP, brief=True),
    Case(clients.AatomicMysql, "mysql", ONE_LOOP),
    Case(clients.AatomicMysqlclient, "mariadb", ONE_LOOP, brief=True, also=("test_search",)),
    Case(clients.AatomicMysqlclient, "mysql", ONE_LOOP, brief=True),
    Case(clients.SyncPsycopg, "postgresql", NO_LOOP),
    Case(clients.SyncPsycopgBlock, "postgresql", NO_LOOP),
    Case(clients.SyncSessionPsycopg, "postgresql", NO_LOOP),
    Case(clients.SyncSessionPsycopg2, "postgresql", NO_LOOP),
    Case(clients.SyncConnectionPsycopg, "postgresql", NO_LOOP),
    Case(clients.SyncSessionPymysql, "mariadb", NO_LOOP, brief=True),
    Case(clients.SyncConnectionMysqlclient, "mariadb", NO_LOOP, brief=True),
    Case(clients.SyncSessionPymysql, "mysql", NO_LOOP, brief=True),
    Case(clients.SyncConnectionMysqlclient, "mysql", NO_LOOP, brief=True),
    Case(clients.SyncSessionSqlite, "sqlite", NO_LOOP),
    Case(clients.SyncSessionSqliteDefault, "sqlite", NO_LOOP),
    Case(clients.SyncSqlite3, "sqlite", NO_LOOP),
    Case(clients.SyncSqlite3Legacy, "sqlite", NO_LOOP),
)

# What depends on how a connection was opened, and on its driver: by the names of modules.
BRIEF = {
    f"test_{name}"
    for name in (
        *("cancellation", "concurrency", "mariadb", "one_connection", "storm", "swallowed"),
        "values",
    )
}

ON_ANY_LOOP = {"audit", "holders", "ledger", "numbering"} | {
    f"test_{name}"
    for name in (
        *("allocate", "corrupted", "create_table", "errors", "limits", "looping"),
        *("many_names", "moves", "nowait", "nowait_timeouts", "round_trips"),
        *("statement_timeout", "timeouts", "values"),
    )
}
"""Folders and modules that are about SQL and its answers: one loop shows it.

Whatever they do passes through the code that `test_transactions`, `test_concurrency`,
`test_hooks` and the tests of cancellation play on every loop.
"""

STOPS = {"test_cancellation", "test_storm"}
"""The modules that stop draws in the middle."""

BACKENDS: dict[str, tuple[str, dict[str, object]]] = {
    "asyncio": ("asyncio", {}),
    "asyncio+uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}
