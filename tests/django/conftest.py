"""A Django project for the tests of `aseq.django`, on PostgreSQL and SQLite.

Django runs on psycopg 3 if it is there. A process that is told to
(``ASEQ_DJANGO_DRIVER=psycopg2``) hides it while Django chooses.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module

import django
import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import (
    setup_databases,
    setup_test_environment,
    teardown_databases,
    teardown_test_environment,
)

PSYCOPG2 = os.environ.get("ASEQ_DJANGO_DRIVER") == "psycopg2"

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django.settings"
psycopg = sys.modules["psycopg"]
if PSYCOPG2:
    sys.modules["psycopg"] = None  # type: ignore[assignment]
import_module("django.db.backends.postgresql.base")
sys.modules["psycopg"] = psycopg
django.setup()


@pytest.fixture(scope="session")
def site(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[None]:
    """The project with its databases, migrated."""
    from tests.django.settings import postgres as on_postgres

    file = tmp_path_factory.mktemp("django") / "db.sqlite3"
    settings.DATABASES["default"].update(on_postgres(postgres))
    settings.DATABASES["sqlite"].update(NAME=str(file))
    settings.DATABASES["sqlite"]["TEST"].update(NAME=f"{file}.test")
    setup_test_environment()
    old = setup_databases(verbosity=0, interactive=False)
    yield
    connections.close_all()
    for connection, *_ in old:
        connection.close()
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        _end_sessions(postgres, connections["default"].settings_dict["NAME"])
    teardown_databases(old, verbosity=0)
    teardown_test_environment()


def _end_sessions(url: str, database: str) -> None:
    """Let a database go, even if some test has left a connection to it; and tell of that."""
    ending = """SELECT state, query, pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = %s"""
    with psycopg.connect(url, autocommit=True) as admin:
        for state, query, _ in admin.execute(ending, (database,)):
            sys.stderr.write(f"left connected to {database}: {state}, {query!r}\n")


@pytest.fixture(autouse=True)
def _site(site: None) -> Iterator[None]:
    """Every test here runs in the project; none leaves a transaction open."""
    if "ASEQ_DJANGO_POOL" in os.environ:
        connections.close_all()  # the whole pool is for the test
    yield
    for connection in connections.all():
        assert all(block._from_testcase for block in connection.atomic_blocks)


@pytest.fixture(params=["default", "sqlite"], ids=["postgresql", "sqlite"])
def using(request: pytest.FixtureRequest) -> str:
    """The alias of a database; the test runs on each."""
    return str(request.param)
