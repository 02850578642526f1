"""What is measured with what. A peer is a driver with a way of getting numbers on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from devtools.mysqldb import is_installed

from . import draws
from .connections import (
    Aiosqlite,
    Asyncmy,
    AsyncmySession,
    Asyncpg,
    Client,
    Psycopg,
    Session,
    Sqlite3,
    SqliteSession,
)
from .settings import Database, Settings, databases


@dataclass(frozen=True)
class Peer:
    """One way of numbering rows.

    Attributes:
        id: its name in the figures, and of its table.
        label: what to call it in a chart.
        client: its driver; None if it isn't a matter of one connection for each client.
        draw: gets a number, or several, on a connection of the driver's.
        late: draws after the work of a long transaction, not before.
        gapless: promises no holes.
        numbers: how many one transaction gets, each for a row.
        alone: what is measured is the draw, not the transaction around it.
        turn: waits for its turn before it takes a connection.
        mysqldb: Django's driver is mysqlclient, which has to be compiled.
    """

    id: str
    label: str
    client: type[Client] | None
    draw: Callable[[Any], Awaitable[int | Sequence[int]]] | None
    late: bool = False
    gapless: bool = True
    numbers: int = 1
    alone: bool = False
    turn: bool = False
    mysqldb: bool = False


ASYNCPG = Peer("aseq_asyncpg", "aseq, asyncpg", Asyncpg, draws.Aseq("asyncpg"))
LATE = Peer("aseq_late", "aseq, asyncpg, drawn late", Asyncpg, draws.Aseq("late"), late=True)
PSYCOPG = Peer("aseq_psycopg", "aseq, psycopg", Psycopg, draws.Aseq("psycopg"))
SESSION = Peer("aseq_sqlalchemy", "aseq, SQLAlchemy", Session, draws.Aseq("sqlalchemy"))
UPSERT = Peer("upsert", "upsert by hand, asyncpg", Asyncpg, draws.upsert)
FOR_UPDATE = Peer("for_update", "FOR UPDATE, SQLAlchemy", Session, draws.for_update)
DJANGO = Peer("django_sequences", "django-sequences, threads", None, None)
GAPPY = Peer("gappy", "nextval (leaves gaps), asyncpg", Asyncpg, draws.identity, gapless=False)

_QUEUED = draws.Queued("queued_asyncpg").on_asyncpg
_QUEUED_SESSION = draws.Queued("queued_sqlalchemy").on_session
QUEUED = Peer("queued_asyncpg", "aseq's SQL by hand, asyncpg", Asyncpg, _QUEUED)
QUEUED_SESSION = Peer(
    "queued_sqlalchemy", "aseq's SQL by hand, SQLAlchemy", Session, _QUEUED_SESSION
)

_AT_ONCE, _THREE_TIMES = draws.Three("at_once").at_once, draws.Three("three_times").one_by_one
AT_ONCE = Peer(
    "at_once", "allocate of three, the call alone", Asyncpg, _AT_ONCE, numbers=3, alone=True
)
THREE_TIMES = Peer(
    "three_times", "three times next_value, alone", Asyncpg, _THREE_TIMES, numbers=3, alone=True
)
TIMEOUT = Peer("aseq_timeout", "aseq, asyncpg, timeout=5", Asyncpg, draws.Aseq("timeout", 5))
DOCUMENT = Peer("numbering", "aseq, asyncpg, Numbering.next", Asyncpg, draws.document)

LEDGER = Peer(
    "ledger", "the same, with a ledger", Asyncpg, draws.Ledgered("ledger", keyed=False)
)
KEYED = Peer(
    "ledger_keyed",
    "the same, each with a key",
    Asyncpg,
    draws.Ledgered("ledger_keyed", keyed=True),
)

AIOSQLITE = Peer("aseq_aiosqlite", "aseq, aiosqlite", Aiosqlite, draws.Aseq("aiosqlite"))
AIOSQLITE_HAND = Peer(
    "hand_aiosqlite", "upsert by hand, aiosqlite", Aiosqlite, draws.QueuedSqlite("by_hand")
)
SQLITE3 = Peer("aseq_sqlite3", "aseq, sqlite3 in threads", Sqlite3, draws.Aseq("sqlite3"))
SQLITE_SESSION = Peer(
    "aseq_sqlite_sqlalchemy", "aseq, SQLAlchemy", SqliteSession, draws.Aseq("session")
)

ASYNCMY = Peer("aseq_asyncmy", "aseq, asyncmy", Asyncmy, draws.Aseq("asyncmy"))
ASYNCMY_HAND = Peer(
    "hand_asyncmy", "LAST_INSERT_ID by hand, asyncmy", Asyncmy, draws.mysql_upsert
)
ASYNCMY_SESSION = Peer(
    "aseq_asyncmy_sqlalchemy", "aseq, SQLAlchemy", AsyncmySession, draws.Aseq("my_session")
)
ASYNCMY_LOCK = Peer(
    "hand_asyncmy_sqlalchemy", "FOR UPDATE, SQLAlchemy", AsyncmySession, draws.for_update
)
DJANGO_PYMYSQL = Peer("django_pymysql", "django-sequences, threads, PyMySQL", None, None)
DJANGO_MYSQLDB = Peer(
    "django_mysqldb", "django-sequences, threads, mysqlclient", None, None, mysqldb=True
)

PLAIN = Peer("plain", "next_value, INSERT", None, None)
DRAFTED = Peer("drafted", "draft saved, then issue", None, None)
ALONE = Peer("alone", "issue alone, drafts are there", None, None)
ENGINE = Peer("engine", "the same, with a SQLAlchemy engine", None, None)
PROCESSES = Peer("processes", "issue alone", None, None)
BY_ONE = Peer("by_one", "one by one: next_value, UPDATE, COMMIT", None, None)
AUDIT_CLEAN = Peer("audit_clean", "integers, nothing wrong", None, None)
AUDIT_FOUND = Peer("audit_found", "integers, one in a thousand missing", None, None)
AUDIT_TEXTS = Peer("audit_texts", "formatted, in a hundred series", None, None)
BULK = Peer("bulk", "number_rows", None, None)
CROWD = Peer("crowd", "60 tasks of a hot tenant, no turn", None, None)
CROWD_OTHERS = Peer("crowd_others", "4 other tenants beside them", None, None, gapless=False)
CROWD_TURN = Peer("crowd_turn", "the same 60, turn(limit=3)", None, None, turn=True)
CROWD_TURN_OTHERS = Peer(
    "crowd_turn_others", "4 other tenants beside those", None, None, gapless=False
)

HOT = (ASYNCPG, UPSERT, DJANGO, PSYCOPG, SESSION, FOR_UPDATE, GAPPY)
LONG = (ASYNCPG, LATE, UPSERT, DJANGO, GAPPY)
OWN = (
    *(ASYNCPG, QUEUED, SESSION, QUEUED_SESSION),
    *(TIMEOUT, DOCUMENT, AT_ONCE, THREE_TIMES),
)
NOTED = (DOCUMENT, LEDGER, KEYED)
ISSUE = (PLAIN, DRAFTED, ALONE, ENGINE)
ISSUE_ON_MARIADB = (PLAIN, DRAFTED)
ROWS = (BY_ONE, BULK)
CROWDS = ((CROWD, CROWD_OTHERS), (CROWD_TURN, CROWD_TURN_OTHERS))
AUDITED = (AUDIT_CLEAN, AUDIT_FOUND, AUDIT_TEXTS)
LITE = (AIOSQLITE, AIOSQLITE_HAND, SQLITE_SESSION, SQLITE3)
MYSQL = (
    *(ASYNCMY, ASYNCMY_HAND, DJANGO_PYMYSQL),
    *((DJANGO_MYSQLDB,) if is_installed() else ()),
    *(ASYNCMY_SESSION, ASYNCMY_LOCK),
)


@dataclass(frozen=True)
class Group:
    """Peers that are measured in turns, with the same number of clients.

    Attributes:
        chart: the chart that they are in.
        long: five more statements and 3 ms of work in each transaction.
    """

    chart: Literal["short", "long", "own", "ledger", "sqlite", "mariadb", "mysql"]
    peers: tuple[Peer, ...]
    clients: int
    database: Database = "postgresql"

    @property
    def long(self) -> bool:
        """Whether its transactions have more to do."""
        return self.chart == "long"

    @property
    def slices(self) -> int:
        """Into how many a turn is cut: many where a hundredth matters, and can be seen."""
        if self.chart in ("ledger", "mariadb", "mysql"):
            return 10 if self.clients == 1 else 4
        return 40 if self.chart in ("own", "sqlite") and self.clients == 1 else 1

    @property
    def length(self) -> float:
        """How long a turn is: longer where a transaction is, or where luck plays a part."""
        if self.chart in ("own", "sqlite", "mariadb", "mysql") or self.clients > 16:
            return 1.6
        return 1 if self.clients == 16 else 0.7


def groups(settings: Settings) -> list[Group]:
    """All that is measured in one run."""
    return [
        Group("own", OWN, 1),
        Group("ledger", NOTED, 16),
        *(Group("short", HOT, clients) for clients in settings.clients),
        *(Group("long", LONG, clients) for clients in settings.few),
        *(Group("sqlite", LITE, clients, "sqlite") for clients in (1, 8)),
        *(Group("mariadb", MYSQL, clients, "mariadb") for clients in settings.few),
        *(
            Group("mysql", MYSQL, clients, "mysql")
            for clients in settings.few
            if "mysql" in databases()
        ),
    ]


EVERY_PEER = {
    peer.id: peer
    for peer in (
        *(*HOT, *LONG, *OWN, *NOTED, *LITE, *MYSQL, DJANGO_MYSQLDB),
        *(*ISSUE, PROCESSES, *ROWS, *AUDITED),
        *(peer for pair in CROWDS for peer in pair),
    )
}
