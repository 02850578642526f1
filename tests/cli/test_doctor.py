"""The doctor, on databases that are set up wrongly in one way each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from aseq import create_table_sql
from tests.cli.conftest import Command

HERE = "tests.cli.application"

# What the server of the tests has by itself.
USUAL = {"crashes", "idle_in_transaction_session_timeout"}

Found = dict[str, tuple[str, str, str]]
Look = Callable[..., Found]


@pytest.fixture
def look(aseq: Command, table: str) -> Look:
    """What the doctor says of each topic: the state, what was seen, and what to do."""

    def look(dsn: str, *args: str) -> Found:
        code, out, err = aseq("doctor", "--dsn", dsn, "--table", table, "--json", *args)
        assert err == ""
        found = {e["topic"]: (e["state"], e["text"], e["paste"]) for e in json.loads(out)}
        assert code == any(state == "WARN" for state, _, _ in found.values())
        return found

    return look


def states(found: Found, state: str = "WARN") -> set[str]:
    return {topic for topic, (each, _, _) in found.items() if each == state} - USUAL


def run(dsn: str, sql: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(sql.encode())


@pytest.mark.parametrize("kind", ["psycopg", "psycopg2", "asyncpg"], indirect=True)
def test_a_good_database(here: Command, url: str, look: Look, table: str) -> None:
    found = look(url)
    assert states(found) == set()
    assert states(found, "CAN'T TELL") == {"autocommit"}
    assert states(found, "OK") > {"table", "primary key", "fillfactor", "pooler", "Alembic"}
    lines = here("doctor").out.splitlines()
    assert f"OK: table: {table} is there, with its columns" in lines


TABLES = {
    "no table": ("SELECT '{}'", "table", "aseq create --table {}"),
    "another table": ("CREATE TABLE {} (name text, value bigint)", "table", "aseq ddl"),
    "a view": ("CREATE VIEW {} AS SELECT 'x' AS name, 1 AS last", "table", "aseq ddl"),
    "no key": (
        "CREATE TABLE {} (name varchar(100), last bigint) WITH (fillfactor = 50)",
        "primary key",
        "ALTER TABLE {} ADD PRIMARY KEY (name);",
    ),
    "fillfactor": (
        "CREATE TABLE {} (name varchar(100) PRIMARY KEY, last bigint)",
        "fillfactor",
        "ALTER TABLE {} SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, auto",
    ),
    "int4": (
        "CREATE TABLE {} (name text PRIMARY KEY, last integer) WITH (fillfactor = 50)",
        "column",
        "ALTER TABLE {} ALTER COLUMN last TYPE bigint;",
    ),
    "unlogged": (
        "CREATE UNLOGGED TABLE {} (name text PRIMARY KEY, last bigint) WITH (fillfactor = 50)",
        "durability of the table",
        "ALTER TABLE {} SET LOGGED;",
    ),
    "a trigger": (
        """CREATE TABLE {0} (name text PRIMARY KEY, last bigint) WITH (fillfactor = 50);
        CREATE TRIGGER t BEFORE UPDATE ON {0} FOR EACH ROW
        EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
        "triggers",
        "",
    ),
}


@pytest.mark.parametrize("wrong", TABLES)
@pytest.mark.parametrize("kind", ["asyncpg"], indirect=True)
def test_tables(wrong: str, look: Look, url: str, postgres: str, table: str) -> None:
    sql, topic, paste = TABLES[wrong]
    run(postgres, sql.format(table))
    found = look(url)
    assert states(found) == {topic}
    assert found[topic][2].startswith(paste.format(table))
    if paste.startswith("ALTER"):  # the line does what it promises
        run(postgres, found[topic][2])
        assert states(look(url)) == set()


SETTINGS = {
    "isolation level": "default_transaction_isolation=serializable",
    "lock_timeout": "lock_timeout=30",
    "statement_timeout": "statement_timeout=20000",
    "synchronous_commit": "synchronous_commit=off",
}


@pytest.mark.parametrize("topic", SETTINGS)
@pytest.mark.parametrize("kind", ["psycopg", "asyncpg"], indirect=True)
def test_settings_of_the_role(here: Command, topic: str, look: Look, url: str) -> None:
    found = look(f"{url}?options={quote('-c' + SETTINGS[topic])}")
    assert states(found) == {topic}
    assert found[topic][2].startswith("ALTER ROLE CURRENT_USER SET ")


def test_a_role_without_rights(here_on_psycopg: Command, look: Look, postgres: str) -> None:
    run(postgres, "DROP ROLE IF EXISTS nobody_special; CREATE ROLE nobody_special LOGIN")
    found = look(postgres.replace("postgres@", "nobody_special@"))
    assert states(found) == {"rights"}
    assert states(found, "CAN'T TELL") == {"standbys", "autocommit"}


@pytest.fixture
def here_on_psycopg(aseq: Command, postgres: str, table: str) -> Command:
    assert aseq("create", "--dsn", postgres, "--table", table).code == 0
    return aseq


def test_a_table_of_django_sequences(
    here_on_psycopg: Command, look: Look, postgres: str, table: str
) -> None:
    theirs = "CREATE TABLE sequences_sequence (name text PRIMARY KEY, last bigint)"
    run(postgres, theirs)
    try:
        assert look(postgres)["django-sequences"][0] == "OK"
        for each in ("sequences_sequence", table):
            run(postgres, f"INSERT INTO {each} VALUES ('cases', {len(each)})")
        found = look(postgres)
        assert states(found) == {"django-sequences"}
        assert "'cases'" in found["django-sequences"][1]
        shared = here_on_psycopg("doctor", "--dsn", postgres, "--table", "sequences_sequence")
    finally:
        run(postgres, "DROP TABLE sequences_sequence")
    assert "OK: django-sequences: the table is shared with it" in shared.out


@pytest.fixture
def lite(tmp_path: Path, table: str) -> str:
    """A file that is set up well."""
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.executescript(create_table_sql("sqlite", table))
    return str(file)


def test_files(look: Look, lite: str, table: str) -> None:
    def change(sql: str) -> Found:
        with closing(sqlite3.connect(lite)) as conn:
            conn.executescript(sql)
        return look(f"sqlite:///{lite}")

    found = change("")
    assert states(found) == set()
    assert states(found, "CAN'T TELL") == {"synchronous", "autocommit"}
    found = change("PRAGMA journal_mode = DELETE")
    assert states(found) == {"journal mode"}
    assert states(change(found["journal mode"][2])) == set()
    found = change(f"DROP TABLE {table}; CREATE TABLE {table} (name text, last bigint)")
    assert states(found) == {"primary key"}
    assert states(change(found["primary key"][2])) == set()
    assert states(change("CREATE TABLE sequences_sequence (name, last)")) == {
        "django-sequences"
    }
    wrong = f"DROP TABLE {table}; CREATE TABLE {table} (name text PRIMARY KEY, value bigint)"
    assert states(change(wrong)) == {"table"}
    assert states(change(f"DROP TABLE {table}")) == {"table"}


def test_the_applications_engine(
    look: Look, lite: str, aseq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = f"sqlite:///{lite}"
    monkeypatch.chdir(Path(lite).parent)
    for name, warned in {
        "good": set(),
        "plain": {"BEGIN"},
        "autocommit": {"autocommit", "BEGIN"},
    }.items():
        found = look(dsn, "--engine", f"{HERE}:{name}")
        assert states(found) == warned, name
    for name in ("broken", "Base", "nothing"):
        code, out, err = aseq("doctor", "--dsn", dsn, "--engine", f"{HERE}:{name}")
        assert (code, out) == (3 if name == "broken" else 2, "")
        assert err.startswith("aseq: ")


def test_alembic(look: Look, lite: str, aseq: Command) -> None:
    dsn = f"sqlite:///{lite}"
    with closing(sqlite3.connect(lite)) as conn:
        conn.execute("CREATE TABLE alembic_version (version_num text)")
    assert look(dsn)["Alembic"][0] == "CAN'T TELL"
    assert look(dsn, "--metadata", f"{HERE}:empty")["Alembic"][0] == "WARN"
    assert look(dsn, "--metadata", f"{HERE}:Base")["Alembic"][0] == "WARN"  # another table
    with closing(sqlite3.connect(lite)) as conn:
        conn.executescript(create_table_sql("sqlite"))
    code, out, _ = aseq("doctor", "--dsn", dsn, "--metadata", f"{HERE}:Base")
    assert (code, "OK: Alembic: the table is in the metadata" in out) == (0, True)
    assert aseq("doctor", "--dsn", dsn, "--metadata", f"{HERE}:good").code == 2
