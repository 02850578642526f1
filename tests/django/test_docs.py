"""The pages about Django do what they say, in the tests' project, on PostgreSQL.

Python blocks are run in order, in one namespace that has `Invoice`; test cases are run
after them. A ``text`` block is what the block before it prints.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import shlex
import sys
import unittest
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections
from django.db.models import Model
from django.test.utils import isolate_apps
from sequences.models import Sequence as Theirs

from aseq.django import checks, sync
from aseq.django._block.worker import MOVED
from aseq.django.models import Sequence
from devtools.mysqldb import replaceable
from tests.django.shop.models import Invoice
from tests.docs import shell
from tests.docs.markdown import DJANGO, DOCS, Block, blocks, page_id, titled

MANAGE = "python manage.py "

# Files that need more than a project: test_pytest_plugins, test_django_async_backend run them.
ELSEWHERE = (
    *("test_invoices.py", "with_django_async_backend.py", "with_tenants.py", "with_scopes.py"),
    "shop/migrations/0008_numbers.py",
)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    for model in (Sequence, Theirs):
        model.objects.all().delete()
    before = connections["default"].introspection.table_names()
    with replaceable():  # a page lets PyMySQL stand in for mysqlclient
        yield
    Sequence.objects.all().delete()
    Invoice.objects.all().delete()
    with connections["default"].cursor() as cursor:
        for table in set(connections["default"].introspection.table_names()) - {*before}:
            cursor.execute(f"DROP TABLE {table}")
    for name in ("shop", "shop.numbers"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("page", DJANGO, ids=page_id)
def test_page(page: Path, tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "page", "Invoice": Invoice}
    printed = ""
    for block in blocks(page):
        if block.language == "text":
            assert block.code == printed, f"printed by the block before line {block.line}"
            printed = ""
            continue
        assert not printed, f"not shown on the page, before line {block.line}"
        printed = run(block, page, tmp_path, namespace)
    assert not printed
    run_test_cases(namespace)
    if "INSTALLED_APPS" in namespace:
        assert "aseq.django" in namespace["INSTALLED_APPS"]


def run(block: Block, page: Path, folder: Path, namespace: dict[str, Any]) -> str:
    """Run a block; gives what it prints, if that is to be shown."""
    if block.title in ELSEWHERE:
        return ""
    if block.language == "sh":
        for line in block.code.splitlines():
            if line.startswith(MANAGE):
                manage(line.removeprefix(MANAGE))
            else:
                shell.run(line, folder)
        return ""
    assert block.language == "python"
    if block.title == "shop/models.py":
        define_models(block.code, namespace)
        return ""
    if block.title == "shop/numbers.py":
        for name in ("shop", "shop.numbers"):
            sys.modules[name] = ModuleType(name)
        exec(block.code, sys.modules["shop.numbers"].__dict__)
        return ""
    code = "\n" * (block.line - 1) + block.code
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with redirect_stdout(StringIO()) as out:
        result = eval(compile(code, page, "exec", flags, dont_inherit=True), namespace)
        if inspect.iscoroutine(result):
            asyncio.run(finish(result))
    return out.getvalue()


def define_models(code: str, namespace: dict[str, Any]) -> None:
    """Let models of a page be there, with their tables."""
    before = set(namespace)
    namespace["__name__"] = "tests.django.shop.models"
    with isolate_apps("tests.django.shop"):
        exec(code, namespace)
    namespace["__name__"] = "page"
    with connections["default"].schema_editor() as editor:
        for name in set(namespace) - before:
            if inspect.isclass(namespace[name]) and issubclass(namespace[name], Model):
                editor.create_model(namespace[name])


async def finish(coroutine: Any) -> None:
    """Await a block, and close the connection of the thread that it used."""
    await coroutine
    await sync_to_async(connections.close_all)()


def manage(line: str) -> None:
    call_command(*shlex.split(line), stdout=StringIO(), stderr=StringIO())


def run_test_cases(namespace: dict[str, Any]) -> None:
    """Run the test cases that a page defines."""
    for value in list(namespace.values()):
        if inspect.isclass(value) and value.__module__ == "page":
            assert issubclass(value, unittest.TestCase)
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
            assert result.testsRun > 0
            assert result.errors + result.failures == []


def test_a_document_is_made_after_the_commit(tmp_path: Path) -> None:
    """The part about Django of a page that isn't."""
    code = titled(DOCS / "how-to" / "number-in-a-pdf.md", "issue_in_django.py")
    namespace: dict[str, Any] = {"__name__": "page", "Invoice": Invoice}

    assert run(Block("python", None, code, 1), tmp_path, tmp_path, namespace) == (
        "saved\na PDF with the number 1\n"
    )


def test_a_number_for_a_tenant(tmp_path: Path) -> None:
    """As above."""
    code = titled(DOCS / "how-to" / "tenants.md", "issue_for_tenant.py")
    namespace: dict[str, Any] = {"__name__": "page", "Invoice": Invoice}
    call = "for _ in range(2): print((await issue(7)).sequence.name)"

    assert run(Block("python", None, f"{code}{call}", 1), tmp_path, tmp_path, namespace) == (
        "invoices/tenant=7\ninvoices/tenant=7\n"
    )
    assert list(Invoice.objects.values_list("number", flat=True)) == [1, 2]


def test_the_page_names_every_function_with_its_signature() -> None:
    page = (DOCS / "how-to" / "django.md").read_text()
    for name in filter(str.islower, sync.__all__):
        function = getattr(sync, name)
        parameters = inspect.signature(function).parameters.values()
        bare = [parameter.replace(annotation=parameter.empty) for parameter in parameters]
        text = str(inspect.Signature(bare)).replace("'", '"')
        assert f"`{name}{text}`" in page


def test_the_page_quotes_what_ends_a_background_task() -> None:
    page = (DOCS / "how-to" / "django-async.md").read_text()
    quoted = [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> ")]
    assert " ".join(quoted) == MOVED


def test_the_page_names_every_check() -> None:
    page = (DOCS / "how-to" / "django.md").read_text()
    modules = (checks.database, checks.innodb, checks.models, checks.settings)
    source = "".join(map(inspect.getsource, modules))
    letters = (*(f"E{i:03}" for i in (1, 2, 3, 4, 10, 11)), *(f"W{i:03}" for i in range(1, 7)))
    for letter in letters:
        assert source.count(f'id="aseq.{letter}"') == page.count(f"| `aseq.{letter}` |") == 1
    assert source.count('id="aseq.') == len(letters)
