"""Audits from Django's sync code, from async code, and from ``manage.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.management import CommandError, call_command
from django.db import transaction

from aseq.audit import Progress, Range
from aseq.django import aatomic, sync
from aseq.django.audit import aaudit, audit
from aseq.django.management.commands.aseq import Command
from aseq.errors import AuditRefused, InvalidSequence
from aseq.numbering import Numbering
from tests.django.shop.models import Invoice, Saved

NUMBERING = Numbering("docs", "{entity}-{number:03}", scope=["tenant"])
NOT_A_NUMBERING = "docs"
HERE = "tests.django.test_audit"


@pytest.fixture(autouse=True)
def _rows(using: str) -> Iterator[None]:
    """Invoices 1, 2 and 4 of 5; and documents in `name`, with the tenant in `number`."""
    for model in (Invoice, Saved):  # whatever another test has left
        model.objects.using(using).all().delete()
    Invoice.objects.using(using).bulk_create(Invoice(number=n) for n in (1, 2, 4))
    documents = (("FR-001", 7), ("FR-002", 7), ("DE-001", 7), ("DE-001", 8))
    Saved.objects.using(using).bulk_create(Saved(name=t, number=n) for t, n in documents)
    with transaction.atomic(using=using):
        sync.advance_to(5, "invoices", using=using)
        for name, last in (("FR/tenant=7", 3), ("DE/tenant=7", 1), ("DE/tenant=8", 1)):
            sync.advance_to(last, f"docs/entity={name}", using=using)
    yield
    for model in (Invoice, Saved):
        model.objects.using(using).all().delete()
    with transaction.atomic(using=using):
        for name in ("invoices", *(f"docs/entity={x}" for x in ("FR/tenant=7", "DE/tenant=7"))):
            sync.delete(name, using=using)
        sync.delete("docs/entity=DE/tenant=8", using=using)


MISSING = (Range(3, 3, 1), Range(5, 5, 1))


def test_sync_code(using: str) -> None:
    told: list[Progress] = []
    result = audit(Invoice.number, "invoices", using=using, progress=told.append)
    [series] = result.series
    assert (series.name, series.missing) == ("invoices", MISSING)
    assert [step.done for step in told] == list(range(len(told)))
    assert str(told[0]) == "0 of 3 done: looking up the columns"
    assert all(step.done < step.of for step in told)

    result = audit(Saved.name, NUMBERING, scope={"tenant": Saved.number}, using=using)
    assert [series.name for series in result.series if not series.ok] == [
        "docs/entity=FR/tenant=7"
    ]


def test_inside_of_a_transaction(using: str) -> None:
    with transaction.atomic(using=using):
        if using == "sqlite":
            with pytest.raises(AuditRefused, match="nobody else can write until it ends"):
                audit(Invoice.number, "invoices", using=using)
        else:
            assert audit(Invoice.number, "invoices", using=using).series[0].missing == MISSING


def test_async_code(using: str) -> None:
    async def play() -> None:
        assert (await aaudit(Invoice.number, "invoices", using=using)).series[0].rows == 3
        async with aatomic(using=using):
            if using == "sqlite":
                with pytest.raises(AuditRefused):
                    await aaudit(Invoice.number, "invoices", using=using)
                return
            await sync_to_async(Invoice.objects.using(using).create)(number=3)
            result = await aaudit(Invoice.number, "invoices", using=using)
            assert result.series[0].missing == MISSING[1:]

    async_to_sync(play)()


def test_what_cannot_work(using: str) -> None:
    what: Any = 7
    with pytest.raises(InvalidSequence, match="what must be an AsyncSequence or a Numbering"):
        audit(Invoice.number, what, using=using)


def run(using: str, *args: str) -> tuple[int, str, str]:
    """What ``manage.py aseq audit`` exits with, and what it prints."""
    out, err = StringIO(), StringIO()
    try:
        call_command("aseq", "audit", f"--database={using}", *args, stdout=out, stderr=err)
    except SystemExit as exc:
        return int(exc.code or 0), out.getvalue(), err.getvalue()
    except CommandError as exc:
        return exc.returncode, out.getvalue(), str(exc)
    return 0, out.getvalue(), err.getvalue()


def test_the_command(using: str) -> None:
    exits, out, err = run(using, "shop.Invoice.number", "invoices")
    assert (exits, err) == (1, "")
    assert out.startswith("invoices: not ok: 2 missing\n")

    exits, out, _ = run(
        using, "shop.Invoice.number", "invoices", "--where=number < 4", "--json"
    )
    assert (exits, json.loads(out)["series"][0]["totals"]["missing"]) == (1, 3)

    options = (f"--numbering={HERE}:NUMBERING", "--scope=tenant=number", "--date=id")
    exits, out, _ = run(using, "shop.Saved.name", *options)
    assert (exits, out.partition("\n")[0]) == (
        1,
        "docs: not ok: 1 missing, in 1 of 3 series",
    )
    Saved.objects.using(using).create(name="FR-003", number=7)
    assert run(using, "shop.Saved.name", *options)[0] == 0


def test_two_tables_that_share_a_series(using: str) -> None:
    Saved.objects.using(using).all().delete()
    Saved.objects.using(using).create(name="", number=3)
    also = "--also=shop.Saved.number"
    exits, out, _ = run(using, "shop.Invoice.number", "invoices", also, "--void=name", "--json")
    [series] = json.loads(out)["series"]
    assert (exits, series["rows"], series["totals"]["missing"]) == (1, 4, 1)


class Terminal(StringIO):
    """As stderr is in front of a person."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_how_far_it_is(using: str) -> None:
    err = Terminal()
    args = ("shop.Invoice.number", "invoices", f"--database={using}", "--where=number < 3")
    with pytest.raises(SystemExit):
        call_command("aseq", "audit", *args, stdout=StringIO(), stderr=err, no_color=True)
    assert err.getvalue().splitlines()[0] == "0 of 3 done: looking up the columns"


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("shop.Nothing.number", "invoices"), "'shop.Nothing.number' isn't app.Model.field"),
        (("shop.Invoice.none", "invoices"), "there is no field 'none' in shop.Invoice"),
        (("shop.Invoice.number",), "name either a sequence or, with --numbering, a Numbering"),
        (("shop.Invoice.number", "a", "-n", "b:c"), "name either a sequence or"),
        (("shop.Invoice.number", "-n", "none:x"), "'none:x' isn't module:object"),
        (("shop.Invoice.number", "-n", f"{HERE}:NOT_A_NUMBERING"), "isn't a Numbering, but"),
        (("shop.Invoice.number", "a", "--scope=x"), "--scope takes scope=field, not 'x'"),
        (("shop.Invoice.number", "a", "--void=x"), "there is no field 'x' in shop.Invoice"),
        (("shop.Invoice.number", "a", "--limit=0"), "limit must be an integer of at least 1"),
    ],
)
def test_what_was_asked_cannot_be(using: str, args: tuple[str, ...], problem: str) -> None:
    exits, _, told = run(using, *args)
    assert exits == 2
    assert problem in told


def test_a_missing_table_is_no_finding(using: str) -> None:
    table = Numbering("x", "{number}", table="nowhere")
    globals()["NOWHERE"] = table
    exits, _, told = run(using, "shop.Saved.name", "-n", f"{HERE}:NOWHERE")
    assert (exits, "nowhere" in told) == (3, True)


def test_the_process_exits_with_the_codes(
    using: str, capsys: pytest.CaptureFixture[str]
) -> None:
    audited = ("manage.py", "aseq", "audit", f"--database={using}", "shop.Invoice.number")
    Command().run_from_argv([*audited, "unknown", "--where=number < 0"])
    assert capsys.readouterr().out.startswith("unknown: ok")
    for wanted, args in ((1, ["invoices"]), (2, []), (2, ["unknown", "--limit=x"])):
        with pytest.raises(SystemExit) as exits:
            Command().run_from_argv([*audited, *args])
        assert exits.value.code == wanted
