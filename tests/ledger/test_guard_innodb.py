"""Who can rewrite a ledger on MariaDB and MySQL: each is tried; the page has what came out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import asyncmy
import pymysql
import pytest
from pymysql.constants import CLIENT

from aseq import AsyncSequence, create_table
from aseq._core.table import TableName
from aseq.ledger import Ledger, create_ledger_sql, grants_sql
from aseq.ledger._advice import BINARY_LOG
from aseq.ledger._migrations import dropping_guard as dropping
from aseq.ledger._migrations import guarding as creating
from devtools.mariadb import mariadb_server
from devtools.mysql import is_asked_for, mysql_server
from tests.clients.mysql import where
from tests.docs.markdown import DOCS
from tests.ledger.attacks import COLUMNS, INNODB, VOID

PAGE = DOCS / "explanation" / "ledger-guard.md"
PASSES = {True: "can", False: "refused"}
SERVERS = ["mariadb", *(["mysql"] if is_asked_for() else [])]

RUNS = {"mariadb": mariadb_server, "mysql": mysql_server}

READ_AND_WRITE = "SELECT, INSERT, UPDATE, DELETE"


class Vault:
    """A server with accounts that have different rights to its ledgers."""

    def __init__(self, url: str, dialect: str) -> None:
        self.url, self.dialect = url, dialect
        self._open: dict[str, pymysql.Connection[Any]] = {}
        self.database = urlsplit(url).path.lstrip("/")
        suffix = secrets.token_hex(4)
        self.accounts = {
            "an application with our grants": f"app_{suffix}",
            "one that reads and writes the database": f"careless_{suffix}",
            "one with all rights to the database": f"owner_{suffix}",
            "root": "root",
        }
        self.harmless = [*self.accounts.values()][:2]

    def run(self, sql: str, user: str = "root") -> Any:
        """Run statements, each committed by itself; what the first one gives."""
        if user not in self._open:
            options = {**where(self.url), "user": user, "ssl_disabled": True}
            options["database"] = options.pop("db")
            self._open[user] = pymysql.connect(
                **options, autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS
            )
        with self._open[user].cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall()
            while cursor.nextset():
                pass
        return rows

    def close(self) -> None:
        """Close its connections."""
        for conn in self._open.values():
            conn.close()

    def rows(self, table: str) -> object:
        """What the ledger has; None if it is gone."""
        try:
            return self.run(f"SELECT * FROM {table} WHERE number < 9999 ORDER BY number")
        except pymysql.Error:
            return None

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

    def column(self, user: str) -> list[bool]:
        """Which tries work, for an account."""
        can, table = list[bool](), ""
        for _, sql in INNODB:
            if not table:
                table = f"ledger_{secrets.token_hex(4)}"
                self.fill(table)
            can.append(self.passes(sql, user, table))
            if can[-1] or user not in self.harmless:  # it may have left something behind
                for left in (table, f"{table}_old", f"{table}_p"):
                    self.run(f"DROP TABLE IF EXISTS {left}")
                table = ""
        return can


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
    vault.close()


def test_who_can_rewrite_it(vault: Vault) -> None:
    names = vault.accounts
    columns = [vault.column(user) for user in names.values()]
    lines = [f"| Try to | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for (label, _), *can in zip(INNODB, *columns, strict=True):
        lines.append(f"| {label} | {' | '.join(PASSES[each] for each in can)} |")
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8"), "\n".join(lines)


@pytest.mark.parametrize("dialect", SERVERS)
async def test_who_may_not_create_triggers_is_told_what_to_do(dialect: str) -> None:
    """With a binary log, all rights to a database aren't enough."""
    ledger = Ledger()
    with RUNS[dialect](log_bin="binlog") as url:
        vault = Vault(url, dialect)
        vault.run(f"CREATE USER ann@'%'; GRANT ALL ON {vault.database}.* TO ann@'%'")
        conn: Any = await asyncmy.connect(**{**where(url), "user": "ann"}, autocommit=True)
        await ledger.create_table(conn)
        with pytest.raises(asyncmy.errors.OperationalError, match="1419") as caught:
            await ledger.create_guard(conn)
        assert caught.value.__notes__ == [BINARY_LOG]
        vault.run("SET GLOBAL log_bin_trust_function_creators = 1")
        await ledger.create_guard(conn)
        await create_table(conn)
        await conn.begin()
        assert await ledger.issue(conn, AsyncSequence("s"), key="a") == 1
        await ledger.void(conn, 1, of=AsyncSequence("s"), reason="x")
        await conn.commit()
        await ledger.drop_guard(conn)
        vault.run("DELETE FROM aseq_ledger")
        conn.close()
        vault.close()


def test_the_longest_name_that_a_table_may_have(vault: Vault) -> None:
    """The triggers have room beside it: an identifier of the server's has 64 characters."""
    table, owner = "l" * 52, vault.accounts["one with all rights to the database"]
    vault.fill(table)
    assert not vault.passes(f"DELETE FROM {table}", owner, table)
    for text in dropping(vault.dialect, TableName.parse(table)):
        vault.run(text)
    assert vault.passes(f"DELETE FROM {table}", owner, table)
    vault.run(f"DROP TABLE {table}")
