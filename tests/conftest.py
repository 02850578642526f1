"""Fixtures: a PostgreSQL for the session, and each contract test on each kind of connection."""

from __future__ import annotations

import gc
import os
import secrets
import sys
from collections.abc import Iterator

import pytest

from devtools import memory
from devtools.mariadb import INSTALL, MariadbUnavailable, mariadb_dsn
from devtools.mysql import mysql_dsn
from devtools.postgres import postgres_dsn
from tests import outside
from tests.cases import Case
from tests.clients import sqlite_file
from tests.clients.sync import use_aseq_sync
from tests.contract import verbs
from tests.database import Database
from tests.mysqlclient import need_mysqlclient
from tests.pooler.server import EVERYTHING, pooled
from tests.rows import rows
from tests.selected import SERVERS, select
from tests.tls import share_context


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests run on uvloop, too, which takes a quarter as long again; or choose."""
    parser.addoption("--uvloop", action="store_true", help="on uvloop, too: what talks to it")
    parser.addoption("--uvloop-everywhere", action="store_true", help="on uvloop, too: all")
    parser.addoption("--on", choices=SERVERS, help="the tests of one server alone")


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out what isn't about the server that was asked for."""
    select(items, config)


def pytest_collection_finish() -> None:
    """Let nobody look again at the million objects that are there before the first test.

    Neither Python's collector of garbage, nor what looks for the users of a connection.
    """
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Hypothesis, which looks for the users of a random generator, may come only now."""
    gc.unfreeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a `case` on every case, and each on the event loops it knows."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize(("case", "anyio_backend"), rows(metafunc))


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest about our marker, and the drivers that loopback needs no TLS.

    asyncpg, cut off while it asks a server for TLS, raises where nobody can catch it. Files of
    tests are in memory, where SQLite's commits don't wait for a disk.
    """
    os.environ.setdefault("PGSSLMODE", "disable")
    share_context()
    gc.disable()  # while tests are collected
    if folder := memory.place():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", folder)
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


@pytest.fixture(scope="session", autouse=True)
def _looked_in_from_outside() -> Iterator[None]:
    """Close what looked into the servers."""
    yield
    outside.close()


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
def database(case: Case, request: pytest.FixtureRequest) -> Database:
    """The database of the test, with its tables."""
    about_timeouts = "timeout" in request.node.callspec.id or "_timeout" in request.path.name
    if case.dialect == "mysql" and about_timeouts:
        pytest.skip(
            "there is no timeout= on MySQL: tests/faults/test_mysql.py has what is said"
        )
    if case.client.needs_mysqlclient:
        need_mysqlclient()
    on_server = case.dialect != "sqlite"
    place = request.getfixturevalue(SERVERS[case.dialect] if on_server else "tmp_path")
    url = place if on_server else sqlite_file(place)
    through = request.getfixturevalue("pooler") if EVERYTHING else ""
    database = Database(case, url, through)
    database.create_tables()
    return database


@pytest.fixture
def name() -> str:
    """A sequence's name that no other test uses."""
    return f"test-{secrets.token_hex(6)}"
