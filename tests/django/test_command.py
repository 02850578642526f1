"""``manage.py aseq``: what each verb prints, where, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.test.utils import override_settings

from aseq._exit_codes import ExitCode
from aseq.django import sync
from aseq.django.models import Sequence
from tests.clients.django import WITHOUT_TABLE
from tests.django.shop.models import Letter, Order, Saved
from tests.django.threads import DEADLINE, start, until_waiting


def run(*args: object) -> tuple[str, str]:
    """What the command wrote to stdout and to stderr."""
    out, err = StringIO(), StringIO()
    call_command("aseq", *map(str, args), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def run_finds(*args: object) -> tuple[str, str]:
    """As `run`, of a command that finds something wrong."""
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("aseq", *map(str, args), stdout=out, stderr=err, no_color=True)
    assert caught.value.code == ExitCode.FINDINGS
    return out.getvalue(), err.getvalue()


def put(name: str, last: int, using: str) -> None:
    with transaction.atomic(using=using):
        sync.advance_to(last, name, using=using)


@pytest.fixture(autouse=True)
def _empty() -> None:
    for using in connections:
        Sequence.objects.using(using).all().delete()


def test_list(using: str) -> None:
    database = f"--database={using}"
    assert run("list", database) == ("", "")
    put("receipts", 7, using)
    put("Fälle", 2**63 - 1, using)
    assert run("list", database) == (
        "9223372036854775807  Fälle\n                  7  receipts\n",
        "",
    )
    out, _ = run("list", database, "--json")
    assert json.loads(out) == {"Fälle": 2**63 - 1, "receipts": 7}


def test_show(name: str, using: str) -> None:
    with pytest.raises(CommandError) as caught:
        run("show", name, "--database", using)
    assert str(caught.value) == f"no number was drawn from '{name}' in database '{using}'"
    put(name, 12, using)
    assert run("show", name, "--database", using) == ("12\n", "")


def test_advance(name: str, using: str) -> None:
    database = f"--database={using}"
    assert run("advance-to", name, 5, database) == (f"{name}: 5 (new)\n", "")
    assert run("advance-to", name, 9, database) == (f"{name}: 5 -> 9\n", "")
    assert run("advance-to", name, 9, database) == (f"{name}: 9 (unchanged)\n", "")
    assert run("advance-to", name, 3, database) == (f"{name}: 9 (unchanged)\n", "")
    assert run("advance-to", name, -3, database) == (f"{name}: 9 (unchanged)\n", "")
    with pytest.raises(CommandError, match="must fit in 64 bits"):
        run("advance-to", name, 2**63, database)
    with pytest.raises(CommandError, match="name must have 1 to 100 characters"):
        run("advance-to", "", 1, database)


def test_advance_tells_what_others_drew_meanwhile(name: str) -> None:
    put(name, 10, "default")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert sync.get_next_value(name) == 11
            [other] = start(pool, lambda: run("advance-to", name, 50))
            until_waiting()
        assert other.result(DEADLINE)[0] == f"{name}: 11 -> 50\n"


@pytest.mark.parametrize("verb", [["list"], ["show", "x"], ["advance-to", "x", "1"]])
def test_a_missing_table(verb: list[str], using: str) -> None:
    with override_settings(ASEQ_TABLE="nowhere"), pytest.raises(CommandError) as caught:
        run(*verb, "--database", using)
    assert str(caught.value) == (f"table 'nowhere' doesn't exist{WITHOUT_TABLE}")


@pytest.fixture
def old(using: str) -> Iterator[str]:
    """A table of django-sequences, or of somebody who made one like it."""
    table = f"old_{secrets.token_hex(4)}"
    with connections[using].cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (name varchar(100) PRIMARY KEY, last bigint)")
        cursor.execute(f"INSERT INTO {table} VALUES ('b', 20), ('a', 10), ('c', 30)")
        yield table
        cursor.execute(f"DROP TABLE {table}")


def test_take_over(old: str, using: str) -> None:
    put("b", 25, using)
    put("c", 3, using)
    out, err = run("take-over-table", old, "--database", using)
    assert out == "a: 10 (new)\nb: 25 (unchanged)\nc: 3 -> 30\n"
    assert err == f"2 of 3 sequences of {old} moved forward.\n"
    out, err = run("take-over-table", old, "--database", using)
    assert err == f"0 of 3 sequences of {old} moved forward.\n"
    with transaction.atomic(using=using):
        assert sync.get_next_value("a", using=using) == 11


def test_take_over_is_all_or_nothing(old: str, using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(f"UPDATE {old} SET last = NULL WHERE name = 'c'")
    with pytest.raises(CommandError, match="value must be an integer, not None"):
        run("take-over-table", old, "--database", using)
    assert not Sequence.objects.using(using).exists()


def test_take_over_from_django_sequences(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("INSERT INTO sequences_sequence VALUES ('cases', 41)")
    try:
        run("take-over-table", "sequences_sequence", "--database", using)
    finally:
        with connections[using].cursor() as cursor:
            cursor.execute("DELETE FROM sequences_sequence WHERE name = 'cases'")
    assert sync.get_last_value("cases", using=using) == 41


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("aseq_sequence", "^aseq_sequence is the table in use: there is nothing to take over$"),
        ("x; DROP TABLE y", "^table must be a plain identifier"),
        ("nowhere", "^can't read name and last of table nowhere: "),
        ("shop_saved", "^can't read name and last of table shop_saved: "),
    ],
)
def test_take_over_refuses(table: str, text: str, using: str) -> None:
    with pytest.raises(CommandError, match=text):
        run("take-over-table", table, "--database", using)


def test_take_over_field(name: str, using: str) -> None:
    where = ("shop.Saved.number", name, "--database", using)
    Saved.objects.using(using).all().delete()
    with pytest.raises(CommandError) as caught:
        run("take-over", *where)
    assert str(caught.value) == f"shop.Saved.number has no numbers in database '{using}'"
    for number in (3, 17, 5):
        Saved.objects.using(using).create(name=name, number=number)
    assert run("take-over", *where) == (f"{name}: 17 (new)\n", "")
    assert run("take-over", *where) == (f"{name}: 17 (unchanged)\n", "")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("nonsense", "^'nonsense' isn't app.Model.field: "),
        ("shop.Nothing.number", "^'shop.Nothing.number' isn't app.Model.field: "),
        ("shop.Saved.nothing", "^'shop.Saved.nothing' isn't app.Model.field: "),
        ("shop.Saved.name", "^shop.Saved.name isn't a field of integers$"),
    ],
)
def test_take_over_field_refuses(field: str, text: str, using: str) -> None:
    with pytest.raises(CommandError, match=text):
        run("take-over", field, "x", "--database", using)


LETTERS = ("shop.Letter.number", "--numbering=tests.django.shop.numbers:letters")
ORDERS = ("shop.Order.number", "-n", "tests.django.shop.numbers:order_numbers")


@pytest.fixture
def _orders(using: str) -> Iterator[None]:
    """Numbers of two tenants and two years, and one that isn't of the numbering."""
    texts = ("O-2025-0007", "O-2025-0003", "O-2026-0002", "2026/4")
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for tenant in ("a", "b"):
        for place, text in enumerate(texts[: 4 if tenant == "a" else 2], 1):
            order = Order(tenant=tenant, number=text, place=place, issued_at=at)
            order.save(using=using)
    yield
    Order.objects.using(using).all().delete()


@pytest.mark.usefixtures("_orders")
def test_take_over_texts_of_scopes_and_periods(using: str) -> None:
    put("orders/tenant=a/2026", 9, using)
    where = ("take-over", *ORDERS, "--scope", "tenant=tenant", "--database", using)
    out, err = run_finds(*where)
    assert out.splitlines() == [
        "orders/tenant=a/2025: 7 (new)",
        "orders/tenant=a/2026: 9 (unchanged)",
        "orders/tenant=b/2025: 7 (new)",
    ]
    assert err.splitlines()[0].startswith("2026/4: text '2026/4' ")
    assert err.splitlines()[1:] == ["1 numbers can't be read, and were left out."]
    out, _ = run_finds(*where)
    assert out.count("(unchanged)") == 3


@pytest.mark.usefixtures("_orders")
def test_take_over_texts_of_one_scope(using: str) -> None:
    out, _ = run_finds("take-over", *ORDERS, "--bind=tenant=7", "--database", using)
    assert out == "orders/tenant=7/2025: 7 (new)\norders/tenant=7/2026: 2 (new)\n"


def test_take_over_texts_that_can_all_be_read(using: str) -> None:
    Letter.objects.using(using).create(number="L41")
    try:
        assert run("take-over", *LETTERS, "--database", using) == (
            "letters: 41 (new)\n",
            "",
        )
    finally:
        Letter.objects.using(using).all().delete()
    with pytest.raises(CommandError, match="has no numbers in database"):
        run("take-over", *LETTERS, "--database", using)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("shop.Saved.number",), "^name either a sequence or, with --numbering, a Numbering$"),
        (("shop.Saved.number", "x", "-n", "a:b"), "^name either a sequence or"),
        (("shop.Saved.name", "-n", "nowhere:x"), "^'nowhere:x' isn't module:object: "),
        (("shop.Saved.name", "-n", "os:path"), "^os:path isn't a Numbering, but "),
        ((*ORDERS, "-s", "tenant"), "^--scope takes scope=field, not 'tenant'$"),
        ((*ORDERS, "-b", "tenant="), "^--bind takes scope=value, not 'tenant='$"),
        ((*ORDERS, "-s", "tenant=nothing"), "^'shop.Order.nothing' isn't app.Model.field"),
        (ORDERS, "^tenant is missing"),
        ((*ORDERS, "-b", "other=1"), "^other is no scope of this numbering"),
    ],
)
def test_take_over_texts_refuses(args: tuple[str, ...], text: str, using: str) -> None:
    with pytest.raises(CommandError, match=text):
        run("take-over", *args, "--database", using)


class Elsewhere:
    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "sqlite" if model._meta.app_label == "aseq" else None

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "sqlite" if model._meta.app_label == "shop" else None


@override_settings(DATABASE_ROUTERS=["tests.django.test_command.Elsewhere"])
def test_the_routers_choose_the_database(name: str) -> None:
    put(name, 12, "sqlite")
    assert run("show", name) == ("12\n", "")


@override_settings(DATABASE_ROUTERS=["tests.django.test_command.Elsewhere"])
def test_take_over_field_of_a_model_that_is_elsewhere(name: str) -> None:
    with transaction.atomic():
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP TABLE shop_saved")
        with pytest.raises(CommandError) as caught:
            run("take-over", "shop.Saved.number", name, "--database=default")
        transaction.set_rollback(True)
    assert str(caught.value) == (
        "can't read shop.Saved.number in database 'default'. (The routers read it from "
        "'sqlite'.) --database names the one that has both the rows and their sequence"
    )


def test_an_unknown_database() -> None:
    with pytest.raises(CommandError, match="invalid choice: 'nowhere'"):
        run("list", "--database", "nowhere")
    with pytest.raises(CommandError, match="verb"):
        run()
