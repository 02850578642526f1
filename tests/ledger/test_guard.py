"""Who can rewrite the ledger, and who can't: each is tried, and the page has what came out."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator

import psycopg
import pymysql
import pytest

from aseq import AsyncSequence, InvalidSequence, sync
from aseq.ledger import Ledger, create_guard_sql, create_ledger_sql, grants_sql
from tests import clients
from tests.database import Database
from tests.docs.markdown import DOCS
from tests.ledger.attacks import POSTGRESQL, SQLITE

PAGE = DOCS / "explanation" / "ledger-guard.md"
PASSES = {True: "can", False: "refused"}


def filled(conn: object, table: str) -> None:
    """Number 1 is issued, and 2 is void."""
    ledger, seq = sync.Ledger(table), sync.Sequence("s")
    for _ in range(2):
        ledger.issue(conn, seq)  # type: ignore[arg-type]
    ledger.void(conn, 2, of=seq, reason="x")  # type: ignore[arg-type]


@pytest.fixture
def table() -> str:
    return f"ledger_{secrets.token_hex(4)}"


@pytest.fixture
def roles(postgres: str, table: str) -> Iterator[dict[str, str]]:
    """The ledger with its guard, of an owner; an application that has all grants, or ours."""
    owner, careless, app = (f"{role}_{table}" for role in ("owner", "careless", "app"))
    with psycopg.connect(postgres, autocommit=True) as conn:
        sync.create_table(conn)
        conn.execute(create_ledger_sql("postgresql", table).encode())
        conn.execute("DELETE FROM aseq_sequence WHERE name = 's'")
        with conn.transaction():
            filled(conn, table)
        conn.execute(create_guard_sql("postgresql", table).encode())
        for role in (owner, careless, app):
            conn.execute(f"CREATE ROLE {role}".encode())
        conn.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {owner}, {careless}".encode())
        conn.execute(f"ALTER TABLE {table} OWNER TO {owner}".encode())
        conn.execute(f"GRANT ALL ON {table} TO {careless}".encode())
        conn.execute(grants_sql(app, table).encode())
        yield {
            "an application with our grants": app,
            "one with all grants": careless,
            "the owner": owner,
            "a superuser": "",
        }
        conn.execute(f"DROP TABLE {table}".encode())
        conn.execute(f"DROP FUNCTION {table}_guard".encode())
        conn.execute(f"DROP OWNED BY {owner}, {careless}, {app}".encode())
        conn.execute(f"DROP ROLE {owner}, {careless}, {app}".encode())


def test_who_can_rewrite_it_on_postgresql(
    postgres: str, roles: dict[str, str], table: str
) -> None:
    lines = [f"| Try to | {' | '.join(roles)} |", "|---" * (len(roles) + 1) + "|"]
    with psycopg.connect(postgres) as conn:
        for label, sql in POSTGRESQL:
            can = [PASSES[passes(conn, role, sql, table)] for role in roles.values()]
            lines.append(f"| {label} | {' | '.join(can)} |")
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8"), "\n".join(lines)


def passes(conn: psycopg.Connection, role: str, sql: str, table: str) -> bool:
    """Whether the try works, for a role; all is rolled back."""
    try:
        with conn.transaction(force_rollback=True):
            if role:
                conn.execute(f"SET LOCAL ROLE {role}".encode())
            conn.execute(sql.format(t=table).encode())
    except psycopg.Error:
        return False
    return True


def test_who_can_rewrite_it_on_sqlite(table: str) -> None:
    lines = ["| Try to | whoever can write to the file |", "|---|---|"]
    for label, sql in SQLITE:
        conn = sqlite3.connect(":memory:")
        sync.create_table(conn)
        conn.execute(create_ledger_sql("sqlite", table))
        filled(conn, table)
        sync.Ledger(table).create_guard(conn)
        conn.commit()
        try:
            conn.executescript(sql.format(t=table))
        except sqlite3.IntegrityError:
            can = False
        else:
            can = True
        lines.append(f"| {label} | {PASSES[can]} |")
        conn.close()
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8"), "\n".join(lines)


KINDS = (
    *(clients.Asyncpg, clients.Psycopg, clients.SessionPsycopg, clients.SyncSessionPsycopg2),
    *(clients.AatomicPostgres, clients.AatomicSqlite, clients.TortoisePsycopg),
    *(clients.TortoiseSqlite, clients.SessionAiosqlite, clients.Sqlite3),
    *(clients.Asyncmy, clients.SessionAsyncmy, clients.AatomicMariadb, clients.AatomicMysql),
)


@pytest.mark.only(client=KINDS, dialect=("mariadb", "mysql", "postgresql", "sqlite"))
async def test_what_aseq_does_passes(database: Database, own_ledger: Ledger, name: str) -> None:
    """Through each library; the guard can be created again."""
    seq = AsyncSequence(name)
    async with database.connect() as client:
        for _ in range(2):
            async with client.transaction():
                await own_ledger.create_guard(client.conn)
        async with client.transaction():
            drawn = [await own_ledger.issue(client.conn, seq, key=key) for key in "aba"]
            assert await own_ledger.void(client.conn, 2, of=seq, reason="x")
    assert drawn == [1, 2, 1]
    with pytest.raises(
        (psycopg.Error, pymysql.Error, sqlite3.Error), match="only grows: DELETE refused"
    ):
        database.run(f"DELETE FROM {own_ledger.table}")
    database.run(f"DROP TABLE {own_ledger.table}")


def test_the_guard_can_be_dropped(table: str) -> None:
    conn, ledger = sqlite3.connect(":memory:"), sync.Ledger(table)
    ledger.create_table(conn)
    ledger.create_guard(conn)
    ledger.drop_guard(conn)
    triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    assert conn.execute(triggers).fetchall() == []
    conn.close()


def test_bad_names() -> None:
    with pytest.raises(InvalidSequence, match="role must be the name of a role, not ''"):
        grants_sql("")
    with pytest.raises(InvalidSequence, match="dialect must be 'mariadb' or 'mysql' or"):
        create_guard_sql("oracle")
    assert '"a""b"' in grants_sql('a"b')
