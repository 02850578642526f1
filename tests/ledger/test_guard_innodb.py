"""Who can rewrite a ledger on MariaDB and MySQL: each is tried; the page has what came out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest
from pymysql.constants import CLIENT

from aseq._core.table import TableName
from aseq.ledger import create_ledger_sql, grants_sql
from aseq.ledger._migrations import guarding as creating
from devtools.mysql import is_asked_for
from tests.clients.mysql import where
from tests.docs.markdown import DOCS
from tests.ledger.attacks import COLUMNS, INNODB, VOID

PAGE = DOCS / "explanation" / "ledger-guard.md"
PASSES = {True: "can", False: "refused"}
SERVERS = ["mariadb", *(["mysql"] if is_asked_for() else [])]

READ_AND_WRITE = "SELECT, INSERT, UPDATE, DELETE"
NEVER_DRAWN = "add a number that was never drawn"


class Vault:
    """A server with accounts that have different rights to its ledgers."""

    def __init__(self, url: str, dialect: str) -> None:
        self.url, self.dialect = url, dialect
        self.database = urlsplit(url).path.lstrip("/")
        suffix = secrets.token_hex(4)
        self.accounts = {
            "an application with our grants": f"app_{suffix}",
            "one that reads and writes the database": f"careless_{suffix}",
            "one with all rights to the database": f"owner_{suffix}",
            "root": "root",
        }

    def run(self, sql: str, user: str = "root") -> None:
        """Run statements, each committed by itself."""
        options: dict[str, Any] = {**where(self.url), "user": user}
        options["database"] = options.pop("db")
        flag = CLIENT.MULTI_STATEMENTS
        with (
            pymysql.connect(**options, autocommit=True, client_flag=flag) as conn,
            conn.cursor() as cursor,
        ):
            cursor.execute(sql)
            while cursor.nextset():
                pass

    def rows(self, table: str) -> object:
        """What the ledger has; None if it is gone."""
        options: dict[str, Any] = where(self.url)
        options["database"] = options.pop("db")
        with pymysql.connect(**options) as conn, conn.cursor() as cursor:
            try:
                cursor.execute(f"SELECT * FROM {table} WHERE number < 9999 ORDER BY number")
            except pymysql.Error:
                return None
            return cursor.fetchall()

    def fill(self, table: str) -> None:
        """Number 1 is issued, and 2 is void; then the guard is created."""
        self.run(create_ledger_sql(self.dialect, table))  # type: ignore[arg-type]
        for number in (1, 2):
            row = f"'s', 's', {number}, '{number}', '2026-01-01', '2026-01-01', 'issued'"
            self.run(f"INSERT INTO {table} ({COLUMNS}) VALUES ({row})")
        self.run(f"UPDATE {table} SET {VOID} WHERE number = 2")
        for text in creating(self.dialect, TableName.parse(table)):
            self.run(text)
        app = self.accounts["an application with our grants"]
        self.run(grants_sql(f"{app}@%", table, dialect=self.dialect))  # type: ignore[arg-type]

    def passes(self, sql: str, user: str, table: str) -> bool:
        """Whether a try works, for an account: whether the rows are others afterwards."""
        before = self.rows(table)
        try:
            self.run(sql.format(t=table), user)
        except pymysql.Error:
            return self.rows(table) != before
        return sql.startswith("INSERT") or self.rows(table) != before


@pytest.fixture(params=SERVERS)
def vault(request: pytest.FixtureRequest) -> Iterator[Vault]:
    vault = Vault(request.getfixturevalue(request.param), request.param)
    app, careless, owner, _ = vault.accounts.values()
    for name in (app, careless, owner):
        vault.run(f"CREATE USER {name}@'%'")
    vault.run(f"GRANT {READ_AND_WRITE} ON {vault.database}.* TO {careless}@'%'")
    vault.run(f"GRANT ALL ON {vault.database}.* TO {owner}@'%'")
    yield vault
    for name in (app, careless, owner):
        vault.run(f"DROP USER {name}@'%'")


def test_who_can_rewrite_it(vault: Vault) -> None:
    names = vault.accounts
    lines = [f"| Try to | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for label, sql in INNODB:
        can = []
        for user in names.values():
            table = f"ledger_{secrets.token_hex(4)}"
            vault.fill(table)
            can.append(PASSES[vault.passes(sql, user, table)])
            for left in (table, f"{table}_old", f"{table}_p"):
                vault.run(f"DROP TABLE IF EXISTS {left}")
        lines.append(f"| {label} | {' | '.join(can)} |")
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8"), "\n".join(lines)
