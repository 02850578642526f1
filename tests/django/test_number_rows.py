"""``manage.py aseq number-rows``: what it numbers, prints and refuses."""

from __future__ import annotations

from contextlib import closing
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from aseq._exit_codes import ExitCode
from aseq.django import sync
from aseq.ledger import create_ledger_sql
from tests.django.shop.models import Draft

FIELD, CODE = "shop.Draft.number", "shop.Draft.code"
DRAFTS = "--numbering=tests.django.shop.numbers:drafts"


def run(*args: object) -> tuple[str, str]:
    """What the command wrote to stdout and to stderr."""
    out, err = StringIO(), StringIO()
    call_command("aseq", "number-rows", *map(str, args), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def _empty() -> None:
    for using in ("default", "sqlite"):
        Draft.objects.using(using).all().delete()
        with transaction.atomic(using=using):
            for name in ("shop-drafts/tenant=a/2025", "shop-drafts/tenant=a/2026"):
                sync.delete(name, using=using)


def add(using: str, *rows: tuple[str | None, str | None]) -> None:
    for tenant, day in rows:
        Draft.objects.using(using).create(tenant=tenant, day=day)


def column(using: str, name: str) -> list[object]:
    return list(Draft.objects.using(using).order_by("pk").values_list(name, flat=True))


def test_a_sequence(using: str, name: str) -> None:
    add(using, *[("a", None)] * 5)
    out, err = run(FIELD, name, "--database", using, "--limit", 2, "--order-by=-id")

    assert out == (
        f"{name}: 2 rows, 1 to 2\n{name}: 2 rows, 3 to 4\n{name}: 1 rows, 5 to 5\n"
        "5 rows were numbered.\n"
    )
    assert err == "2 so far\n4 so far\n5 so far\n"
    assert column(using, "number") == [5, 4, 3, 2, 1]
    assert run(FIELD, name, "--database", using) == ("0 rows were numbered.\n", "")


def test_a_numbering(using: str) -> None:
    add(using, ("a", "2026-01-02"), ("a", "2026-01-01"), ("a", "2025-05-05"), ("b", None))
    out, _ = run(
        *(CODE, DRAFTS, "--database", using),
        *("--scope", "tenant=tenant", "--at-from", "day", "--order-by", "day"),
        *("--where", "tenant = 'a'"),
    )

    assert out == (
        "shop-drafts/tenant=a/2025: 1 rows, a-2025-1 to a-2025-1\n"
        "shop-drafts/tenant=a/2026: 2 rows, a-2026-1 to a-2026-2\n"
        "3 rows were numbered.\n"
    )
    assert column(using, "code") == ["a-2026-2", "a-2026-1", "a-2025-1", None]


def test_with_a_ledger(using: str, name: str) -> None:
    dialect: Any = "postgresql" if using == "default" else "sqlite"
    table = name.replace("-", "_")
    add(using, ("a", None))
    with connections[using].cursor() as cursor:
        cursor.execute(create_ledger_sql(dialect, table))
        run(FIELD, name, "--database", using, "--ledger", table, "--by", "ann")
        cursor.execute(f"SELECT document_key, number, issued_by FROM {table}")
        [key] = column(using, "pk")
        assert cursor.fetchall() == [(f"shop_draft/{key}", 1, "ann")]
        cursor.execute(f"DROP TABLE {table}")


def test_rows_that_are_locked(name: str) -> None:
    """The command numbers the others, and its code says that it is worth another try."""
    add("default", *[("a", None)] * 3)
    first = Draft.objects.order_by("pk")[0].pk
    settings = connections["default"].get_connection_params()
    out, err = StringIO(), StringIO()
    with closing(connections["default"].Database.connect(**settings)) as other:
        other.cursor().execute(f"UPDATE shop_draft SET tenant = 'x' WHERE id = {first}")
        with pytest.raises(SystemExit) as caught:
            call_command("aseq", "number-rows", FIELD, name, stdout=out, stderr=err)

    assert caught.value.code == ExitCode.LOCKED
    assert "2 rows were numbered." in out.getvalue()
    text = "1 more are locked by others: run it again for these."
    assert text in err.getvalue()
    assert column("default", "number") == [None, 1, 2]


REFUSED = [
    (("shop.Draft.nothing", "x"), "'shop.Draft.nothing' isn't app.Model.field"),
    (
        ("shop.Saved.number", "x"),
        "shop.Saved.number doesn't allow NULL, so no row is without",
    ),
    ((CODE, "--numbering=tests.django.shop.numbers:nothing"), "isn't module:object"),
    ((CODE,), "name either a sequence or, with --numbering, a Numbering"),
    ((CODE, "x", DRAFTS), "name either a sequence or, with --numbering, a Numbering"),
    ((CODE, DRAFTS), "scope has no column for 'tenant'"),
    ((CODE, DRAFTS, "--scope", "tenant"), "--scope takes scope=field, not 'tenant'"),
    ((CODE, DRAFTS, "--bind", "tenant"), "--bind takes scope=value, not 'tenant'"),
    ((FIELD, "x", "--by", "ann"), "by is for a ledger: pass one"),
    ((FIELD, "x", "--limit", 0), "limit must be an integer of at least 1"),
    ((FIELD, "x", "--order-by", "nothing"), "order_by must be a column"),
]


@pytest.mark.parametrize(("args", "text"), REFUSED)
def test_refused(args: tuple[object, ...], text: str, using: str) -> None:
    with pytest.raises(CommandError, match=text):
        run(*args, "--database", using)


def test_a_row_without_a_scope(using: str) -> None:
    add(using, ("a", "2026-01-01"), (None, "2026-01-01"))
    [_, key] = column(using, "pk")
    with pytest.raises(CommandError) as caught:
        run(
            *(CODE, DRAFTS, "--database", using),
            *("--scope", "tenant=tenant", "--at-from", "day"),
        )
    text = f"row {key} of shop_draft can't be numbered: its tenant is NULL, so it has no tenant"
    assert str(caught.value) == text
