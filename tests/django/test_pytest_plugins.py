"""Async tests under pytest-django, with pytest-asyncio and with anyio: a project of its own.

Both run the event loop in the thread whose connection the `db` fixture uses; Django's
async ORM, and an `aatomic` block, use another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.django.settings import postgres as on_postgres
from tests.docs.markdown import DOCS, titled

ROOT = Path(__file__).parents[2]

PLUGINS = {
    "pytest-asyncio": "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n",
    "anyio": "anyio_mode = auto\naddopts = -p no:asyncio\n",
}

TESTS = """
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.db.transaction import TransactionManagementError
from django.test import TestCase

from aseq.django import aatomic, get_next_value
from tests.django.shop.models import Invoice


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def issue():
    async with aatomic():
        number = await get_next_value("invoices")
        await Invoice.objects.acreate(number=number)
        assert await Invoice.objects.acount() == number
    return number


@pytest.mark.django_db
async def test_it_would_really_commit():
    with pytest.raises(TransactionManagementError, match=r"django_db\\(transaction=True\\)"):
        await issue()


@pytest.mark.django_db
async def test_sync_code_would():
    with pytest.raises(TransactionManagementError, match=r"django_db\\(transaction=True\\)"):
        await sync_to_async(async_to_sync(issue))()


@pytest.mark.django_db
async def test_a_view_would(async_client):
    with pytest.raises(TransactionManagementError, match=r"django_db\\(transaction=True\\)"):
        await async_client.get("/issue/invoices")


@pytest.mark.django_db
def test_nothing_was_committed():
    assert Invoice.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("again", [False, True])
def test_called_from_sync_code(again):
    assert async_to_sync(issue)() == 1
    assert Invoice.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("again", [False, True])
def test_a_view_in_sync_code(client, again):
    assert client.get("/issue/invoices").json() == {"numbers": [1]}


class TestInvoices(TestCase):
    async def test_a_test_case_of_djangos(self):
        assert await issue() == 1

    test_again = test_a_test_case_of_djangos


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", [False, True])
async def test_a_transactional_test(again):
    assert await issue() == 1
    assert await issue() == 2


@pytest.mark.django_db(transaction=True)
async def test_a_call_outside_of_a_block():
    await issue()
    assert await Invoice.objects.acount() == 1
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize("again", [False, True])
async def test_a_view_in_a_transactional_test(transactional_db, async_client, again):
    answer = await async_client.get("/issue/invoices")
    assert answer.json() == {"numbers": [1]}
"""


IMPORTS = "import pytest\nfrom test_project import anyio_backend, issue\n\n"


@pytest.fixture(params=["postgresql", "sqlite"])
def databases(request: pytest.FixtureRequest, postgres: str) -> Iterator[dict[str, Any]]:
    """The project's: SQLite in memory, as Django has it for tests, or PostgreSQL."""
    if request.param == "sqlite":
        yield {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "unused"}}
        return
    name = f"pytest_{os.getpid()}"
    yield {"default": on_postgres(postgres) | {"TEST": {"NAME": name}}}
    with psycopg.connect(postgres) as conn:
        left = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchall()
    assert left == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin(plugin: str, databases: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{PLUGINS[plugin]}")
    (tmp_path / "test_project.py").write_text(TESTS)
    documented = titled(DOCS / "how-to" / "django-async.md", "test_invoices.py")
    (tmp_path / "test_invoices.py").write_text(IMPORTS + documented)
    settings = {"DATABASES": databases, "ROOT_URLCONF": "tests.django.shop.urls"}
    done = subprocess.run(
        # A test database that can't be dropped is a warning of pytest-django's.
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.django.settings",
            "ASEQ_DJANGO_SETTINGS": json.dumps(settings),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        },
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "16 passed" in done.stdout
