"""The command, on each driver that it knows, and on databases with a password in their URL."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from aseq._cli import secrets as hidden
from aseq._cli.main import run

PASSWORD = "s3cret/p@ss:w%rd"
QUOTED = "s3cret%2Fp%40ss%3Aw%25rd"
USER = "postgres"

KINDS = ("sqlite", "psycopg", "psycopg2", "asyncpg")


class Done(NamedTuple):
    """What a run of the command exited with, and printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]
Sql = Callable[[str], None]


def with_password(dsn: str, scheme: str) -> str:
    """The URL of the test's server, with a password that it doesn't ask for."""
    return dsn.replace(f"postgresql://{USER}@", f"{scheme}://{USER}:{QUOTED}@")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The driver."""
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database for that driver."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    return with_password(request.getfixturevalue("postgres"), f"postgresql+{kind}")


@pytest.fixture
def table() -> str:
    """A table of sequences that no other test uses."""
    return f"numbers_{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command knows the secrets of its own run alone."""
    monkeypatch.setattr(hidden.SECRETS, "_texts", set())
    monkeypatch.delenv("ASEQ_DSN", raising=False)


@pytest.fixture
def aseq(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process."""

    def aseq(*args: object) -> Done:
        capsys.readouterr()
        code = run(list(map(str, args)))
        out, err = capsys.readouterr()
        return Done(int(code), out, err)

    return aseq


@pytest.fixture
def here(aseq: Command, url: str, table: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on a database that has the table."""
    monkeypatch.setenv("ASEQ_DSN", url)

    def here(verb: str, *args: object) -> Done:
        return aseq(verb, *args, "--table", table)

    assert here("create") == (0, f"{table}: created\n", "")
    return here


@pytest.fixture
def sql(url: str, kind: str, postgres: str) -> Sql:
    """Runs statements beside the command."""

    def sql(text: str) -> None:
        if kind == "sqlite":
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite:
                lite.executescript(text)
        else:
            with psycopg.connect(postgres, autocommit=True) as conn:
                conn.execute(text.encode())

    return sql
