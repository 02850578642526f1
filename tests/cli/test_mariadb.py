"""The command on MariaDB, on each driver that it knows there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from time import sleep
from typing import Any

import pytest

from aseq import create_table_sql
from aseq._core.table import TableName
from aseq.ledger import create_ledger_sql, grants_sql
from aseq.ledger._migrations import guarding
from devtools.mariadb import mariadb_server
from tests.cli.conftest import PASSWORD, QUOTED, Command
from tests.cli.test_secrets import SECRET, check_nothing_is_told
from tests.clients.mysql import connect_pymysql
from tests.mysqlclient import need_mysqlclient

KINDS = ["pymysql", "asyncmy", "mysqldb"]

Sql = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The driver."""
    if request.param == "mysqldb":
        need_mysqlclient()
    return str(request.param)


@pytest.fixture(scope="module")
def user(mariadb: str) -> Iterator[str]:
    """The URL of the database, for a user with a password."""
    name = f"u{secrets.token_hex(4)}"
    with closing(connect_pymysql(mariadb)) as admin, admin.cursor() as cursor:
        cursor.execute("CREATE USER %s IDENTIFIED BY %s", [name, PASSWORD])
        cursor.execute("GRANT ALL ON *.* TO %s", [name])
        yield mariadb.replace("root@", f"{name}:{QUOTED}@")
        cursor.execute("DROP USER %s", [name])


@pytest.fixture
def url(kind: str, user: str) -> str:
    """As a hoster gives it, for that driver."""
    return user.replace("mysql:", f"mysql+{kind}:") + "?ssl-mode=PREFERRED&reconnect=true"


@pytest.fixture
def sql(mariadb: str) -> Sql:
    """Runs statements beside the command."""

    def sql(statement: str) -> list[tuple[Any, ...]]:
        with closing(connect_pymysql(mariadb)) as conn, conn.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    return sql


def test_looking_and_moving(here: Command, table: str, sql: Sql) -> None:
    assert here("create") == (0, f"{table}: is there\n", "")
    assert here("list") == (0, "", "")
    assert here("advance-to", "Rechnungen ü", 9) == (0, "Rechnungen ü: 9 (new)\n", "")
    assert here("next", "Rechnungen ü", "--yes") == (0, "10\n", "")
    assert here("show", "Rechnungen ü") == (0, "10\n", "")
    assert json.loads(here("list", "--json").out) == {"Rechnungen ü": 10}
    assert sql(f"SELECT name, last FROM {table}") == [("Rechnungen ü", 10)]


def test_taking_over(here: Command, table: str, sql: Sql) -> None:
    sql(f"CREATE TABLE of_{table} (name varchar(9), number int, last bigint unsigned)")
    sql(f"INSERT INTO of_{table} VALUES ('a', 7, 3), ('b', 12, 4)")
    assert here("take-over", f"of_{table}.number", "x") == (0, "x: 12 (new)\n", "")
    code, out, _ = here("take-over-table", f"of_{table}")
    assert (code, out) == (0, "a: 3 (new)\nb: 4 (new)\n")
    assert here("next", "b", "--yes").out == "5\n"


def test_holders(here: Command, table: str, mariadb: str) -> None:
    """Certain or not: an own transaction that has written."""
    here("create")
    here("advance-to", "x", 1)
    with closing(connect_pymysql(mariadb)) as conn, conn.cursor() as cursor:
        conn.begin()
        cursor.execute(f"UPDATE {table} SET last = 2")
        sleep(0.2)  # the server copies its lists if nobody has asked for 0.1 s
        told = here("holders", "x", "--json")
        [held] = [each for each in json.loads(told.out) if each["pid"] == conn.thread_id()]

    assert (told.code, held["holds"], held["certain"], held["state"]) == (
        0,
        True,
        False,
        "Sleep",
    )


def test_a_password_that_is_wrong(aseq: Command, mariadb: str, kind: str) -> None:
    url = mariadb.replace("mysql://root@", f"mariadb+{kind}://carol:{SECRET}@")
    code, out, err = aseq("list", "--dsn", url)
    assert (code, out) == (3, "")
    assert err.startswith(f"aseq: mariadb+{kind}://127.0.0.1:")
    assert "Access denied for user '***'@" in err
    assert err.endswith("(1045)\n")
    check_nothing_is_told(err)


def test_a_server_that_is_down(aseq: Command, kind: str) -> None:
    code, out, err = aseq("list", "--dsn", f"mysql+{kind}://carol:{SECRET}@127.0.0.1:1/shop")
    assert (code, out) == (3, "")
    assert err.startswith(f"aseq: mysql+{kind}://127.0.0.1:1/shop: Can't connect to ")
    check_nothing_is_told(err)


def test_encryption_that_the_server_does_not_have(
    aseq: Command, mariadb: str, kind: str
) -> None:
    """Nothing is said in the clear where the URL wants it encrypted."""
    url = mariadb.replace("mysql:", f"mysql+{kind}:")
    for query in ("ssl-mode=REQUIRED", "sslmode=require", "ssl=true", "sslaccept=strict"):
        code, out, err = aseq("list", "--dsn", f"{url}?{query}")
        assert code == (2 if kind == "mysqldb" else 3)
        assert out == ""
    assert "mysql+pymysql" in err or "SSL" in err


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("ssl-mode=perhaps", "ssl-mode in the URL must be one of DISABLED, PREFERRED, REQ"),
        ("tls-ca=x", "a word about TLS in the URL isn't known: ssl-mode, ssl-ca, ssl-cert"),
        ("ssl-ca=/nowhere.pem", "a file that the URL names for TLS can't be read"),
        ("connect_timeout=soon", "connect_timeout in the URL must be a whole number"),
    ],
)
def test_urls_that_cannot_be_followed(aseq: Command, query: str, problem: str) -> None:
    code, out, err = aseq("list", "--dsn", f"mysql+pymysql://root@127.0.0.1:1/x?{query}")
    assert (code, out) == (2, "")
    assert problem in err


def test_the_statement(aseq: Command, table: str) -> None:
    dsn = f"mariadb://carol:{SECRET}@127.0.0.1:1/shop"
    assert aseq("ddl", "--dsn", dsn, "--table", table).out == create_table_sql("mariadb", table)
    code, _, err = aseq("ddl", "--dsn", dsn.replace("mariadb:", "mysql:"))
    assert (code, "aseq ddl mariadb" in err) == (2, True)


TABLES = {
    "no table": ("SELECT '{}'", "table"),
    "another table": ("CREATE TABLE {} (name text, value bigint)", "table"),
    "a view": ("CREATE VIEW {} AS SELECT 'x' AS name, 1 AS last", "table"),
    "no key": ("CREATE TABLE {} (name varchar(9), last bigint)", "primary key"),
    "MyISAM": (
        "CREATE TABLE {} (name varchar(9) PRIMARY KEY, last bigint) ENGINE=MyISAM",
        "storage engine",
    ),
    "usual": ("CREATE TABLE {} (name varchar(9) PRIMARY KEY, last bigint)", "collation"),
    "int": ("CREATE TABLE {} (name varchar(9) PRIMARY KEY, last int)", "column"),
    "trigger": (
        """CREATE TABLE {0} (name varchar(9) PRIMARY KEY, last bigint);
        CREATE TRIGGER {0}_t BEFORE UPDATE ON {0} FOR EACH ROW SET NEW.last = NEW.last + 5""",
        "triggers",
    ),
}


@pytest.mark.parametrize("wrong", TABLES)
def test_the_doctor_on_tables(
    wrong: str, aseq: Command, mariadb: str, sql: Sql, table: str
) -> None:
    statements, topic = TABLES[wrong]
    for statement in statements.split(";"):
        sql(statement.format(table))
    assert topic in warned(aseq, mariadb, table)


def warned(aseq: Command, url: str, table: str) -> set[str]:
    """What the doctor warns of."""
    code, out, err = aseq("doctor", "--dsn", url, "--table", table, "--json")
    assert err == ""
    found = {each["topic"] for each in json.loads(out) if each["state"] == "WARN"}
    assert code == bool(found)
    return found


def test_the_doctor_on_servers(here: Command, aseq: Command, url: str, table: str) -> None:
    of_other_tests = {"django-sequences", "ledger's guard", "ledger's grants"}
    found = warned(aseq, url, table) - of_other_tests
    assert found <= {"innodb_flush_log_at_trx_commit"}  # the tests' own server is a fast one
    lines = here("doctor").out.splitlines()
    assert "OK: storage engine: it is InnoDB" in lines


def test_the_doctor_on_a_server_that_forgets(aseq: Command, table: str) -> None:
    with mariadb_server(
        log_bin="log",
        sync_binlog=0,
        innodb_rollback_on_timeout=1,
        transaction_isolation="SERIALIZABLE",
    ) as url:
        assert aseq("create", "--dsn", url, "--table", table).code == 0
        assert warned(aseq, url, table) == {
            "innodb_flush_log_at_trx_commit",
            "innodb_rollback_on_timeout",
            "isolation level",
            "sync_binlog",
        }


@pytest.fixture
def ledger(mariadb: str, sql: Sql) -> Iterator[str]:
    """A database with a ledger in it, and the name of an account that may use that."""
    name = f"ledger_{secrets.token_hex(4)}"
    sql(f"CREATE DATABASE {name}")
    sql(create_table_sql("mariadb", f"{name}.aseq_sequence"))
    sql(create_ledger_sql("mariadb", f"{name}.aseq_ledger"))
    sql(f"CREATE USER {name}@'%'")
    sql(f"GRANT SELECT, INSERT, UPDATE ON {name}.aseq_sequence TO {name}@'%'")
    sql(grants_sql(f"{name}@%", f"{name}.aseq_ledger", dialect="mariadb"))
    yield name
    sql(f"DROP USER {name}@'%'")
    sql(f"DROP DATABASE {name}")


def test_the_doctor_looks_at_a_ledger(
    aseq: Command, mariadb: str, ledger: str, sql: Sql
) -> None:
    def told(user: str) -> dict[str, tuple[str, str]]:
        place = mariadb.replace("root@", f"{user}@").rpartition("/")[0]
        url = f"{place}/{ledger}".replace("mysql:", "mysql+pymysql:")
        done = aseq("doctor", "--dsn", url, "--json")
        assert not done.err, done.err
        answers = json.loads(done.out)
        return {
            each["topic"].removeprefix("ledger's "): (each["state"], each["text"])
            for each in answers
            if each["topic"].startswith("ledger's")
        }

    app = told(ledger)
    assert {topic: state for topic, (state, _) in app.items()} == {
        "storage engine": "OK",
        "guard": "CAN'T TELL",
        "grants": "OK",
    }
    assert told("root")["guard"][0] == "WARN"
    for text in guarding("mariadb", TableName("aseq_ledger", ledger)):
        sql(text)
    state, seen = told("root")["grants"]
    assert state == "WARN"
    for right in ("ALTER", "BINLOG REPLAY", "DROP", "SUPER", "TRIGGER"):
        assert f"{right} on *.*" in seen
    pattern = ledger.replace("_", "\\_")
    sql(f"GRANT DROP, TRIGGER ON `{pattern}`.* TO {ledger}@'%'")
    app = told(ledger)
    assert app["guard"] == ("OK", "it is there")
    assert (
        f"{ledger}@% has DROP on {pattern}.*, TRIGGER on {pattern}.*: no trigger"
        in (app["grants"][1])
    )
    sql(f"DROP TRIGGER {ledger}.aseq_ledger_guard_del")
    assert told("root")["guard"][0] == "WARN"
    sql(f"ALTER TABLE {ledger}.aseq_ledger ENGINE=Aria")
    assert told("root")["storage engine"][0] == "WARN"
