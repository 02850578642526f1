"""Fixtures: a PostgreSQL for the session, and each contract test on each kind of connection."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from devtools.mariadb import INSTALL, MariadbUnavailable, mariadb_dsn
from devtools.mysql import mysql_dsn
from devtools.postgres import postgres_dsn
from tests import clients
from tests.cases import BACKENDS, BRIEF, CASES, STOPS, Case
from tests.clients import sqlite_file
from tests.clients.sync import use_aseq_sync
from tests.contract import verbs
from tests.database import Database
from tests.mysqlclient import need_mysqlclient
from tests.pooler.cases import pooled_cases
from tests.pooler.server import EVERYTHING, pooled
from tests.selected import SERVERS, select

ON_ANY_LOOP = {"audit", "holders", "ledger", "numbering"} | {
    f"test_{name}"
    for name in ("corrupted", "create_table", "errors", "limits", "looping", "moves")
}
"""Folders and modules that are about SQL and its answers: one loop shows it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests run on uvloop, too, which takes a quarter as long again; or choose."""
    parser.addoption("--uvloop", action="store_true", help="on uvloop, too: what talks to it")
    parser.addoption("--uvloop-everywhere", action="store_true", help="on uvloop, too: all")
    parser.addoption("--on", choices=SERVERS, help="the tests of one server alone")


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out what isn't about the server that was asked for."""
    select(items, config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a `case` on every case, and each on the event loops it knows."""
    if "case" not in metafunc.fixturenames:
        return
    wanted = dict[str, Any]()
    for only in metafunc.definition.iter_markers("only"):  # of the test and of its module
        wanted |= only.kwargs
    client = wanted.get("client", clients.Client)
    module = metafunc.module.__name__.rpartition(".")[2]
    uvloop = _plays_uvloop(metafunc)
    rows = [
        pytest.param(case, BACKENDS[backend], id=f"{case.id}-{backend}")
        for case in (pooled_cases() if EVERYTHING else CASES)
        if case.runs and case.dialect in _some(wanted.get("dialect", case.dialect))
        if case.client.awaited or not wanted.get("awaited")
        if issubclass(case.client, client)
        if not case.brief or module in BRIEF or module in case.also
        if not case.unstoppable or module not in STOPS
        for backend in case.backends
        if uvloop or "uvloop" not in backend
    ]
    metafunc.parametrize(("case", "anyio_backend"), rows)


def _plays_uvloop(metafunc: pytest.Metafunc) -> bool:
    if metafunc.config.getoption("uvloop_everywhere"):
        return True
    on_any_loop = ON_ANY_LOOP.intersection(metafunc.module.__name__.split("."))
    return bool(metafunc.config.getoption("uvloop")) and not on_any_loop


def _some(dialect: object) -> Collection[str]:
    """The dialects of a marker: one, or a set."""
    return {dialect} if isinstance(dialect, str) else cast("Collection[str]", dialect)


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest about our marker, and the drivers that loopback needs no TLS.

    asyncpg, cut off while it asks a server for TLS, raises where nobody can catch it.
    """
    os.environ.setdefault("PGSSLMODE", "disable")
    config.addinivalue_line(
        "markers",
        "only(dialect, awaited, client): run only on cases of this database (or of these), or "
        "this kind of client; awaited=True leaves out those of aseq.sync, whose calls nobody "
        "can cancel",
    )


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: tests wait for their databases half of the time."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _psycopg2_as_it_was() -> Iterator[None]:
    """Undo what the command does: it lets psycopg2 heed Ctrl-C, in the whole process."""
    yield
    if (psycopg2 := sys.modules.get("psycopg2.extensions")) is not None:
        psycopg2.set_wait_callback(None)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of tests that aren't run on every one."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that lives as long as the test run."""
    with postgres_dsn() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def pooler(postgres: str) -> Iterator[str]:
    """The URL of the run's PostgreSQL through its pooler."""
    with pooled(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The URL of a MariaDB that lives as long as the test run.

    It is an apt away: without it, what needs it is left out, but not in CI.
    """
    try:
        with mariadb_dsn() as dsn:
            yield dsn
    except MariadbUnavailable:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"MariaDB is missing: {INSTALL}")


@pytest.fixture(scope="session")
def mysql() -> Iterator[str]:
    """The URL of a MySQL that lives as long as the test run, which was asked for."""
    with mysql_dsn() as dsn:
        yield dsn


@pytest.fixture(autouse=True)
def _verbs_of_the_case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On connections of sync code, let the verbs be those of aseq.sync."""
    if "case" in request.fixturenames and not request.getfixturevalue("case").client.awaited:
        use_aseq_sync(monkeypatch, (request.module, verbs))


@pytest.fixture
def database(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    """The database of the test, with its tables."""
    about_timeouts = "timeout" in request.node.callspec.id or "_timeout" in request.path.name
    if case.dialect == "mysql" and about_timeouts:
        pytest.skip(
            "there is no timeout= on MySQL: tests/faults/test_mysql.py has what is said"
        )
    if case.client.needs_mysqlclient:
        need_mysqlclient()
    on_server = case.dialect != "sqlite"
    url = request.getfixturevalue(SERVERS[case.dialect]) if on_server else sqlite_file(tmp_path)
    through = request.getfixturevalue("pooler") if EVERYTHING else ""
    database = Database(case, url, through)
    database.create_tables()
    return database


@pytest.fixture
def name() -> str:
    """A sequence's name that no other test uses."""
    return f"test-{secrets.token_hex(6)}"
