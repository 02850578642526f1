"""What a numbering is: a frozen value, and what it is refused for but its pattern."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pickle
import sys
import weakref
import zoneinfo
from pathlib import Path
from typing import Any

import pytest

from aseq import AsyncSequence, InvalidSequence
from aseq.numbering import DocumentNumber, FiscalYear, Numbering

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
YEARLY = Numbering("invoices", "INV-{year}-{number:05}", period="year", tz="Europe/Paris")


def test_defaults() -> None:
    numbers = Numbering("invoices", "{number}")

    assert {
        field.name: getattr(numbers, field.name)
        for field in dataclasses.fields(numbers)
        if not field.name.startswith("_")
    } == {
        "name": "invoices",
        "pattern": "{number}",
        "scope": (),
        "period": None,
        "tz": None,
        "step": 1,
        "initial_value": 1,
        "check": None,
        "table": "aseq_sequence",
        "fair": None,
        "require_transaction": True,
    }


def test_is_a_frozen_value() -> None:
    same = Numbering("invoices", "INV-{year}-{number:05}", period="year", tz=PARIS)

    assert same == YEARLY
    assert {YEARLY: 1}[same] == 1
    assert same != dataclasses.replace(same, initial_value=2)
    assert weakref.ref(same)() is same
    assert pickle.loads(pickle.dumps(same)) == same
    with pytest.raises(dataclasses.FrozenInstanceError):
        same.name = "other"  # type: ignore[misc]


def test_only_two_parameters_are_positional() -> None:
    with pytest.raises(TypeError):
        Numbering("n", "{number}", ())  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Numbering("n", "{number}", reset_value=5)  # type: ignore[call-arg]


# (parameters, text of the error)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name must have 1 to 100 characters: this one has 0"),
    ({"name": None}, "name must be a str, not NoneType"),
    ({"name": "a\0"}, "name must not contain a NUL character: databases refuse it"),
    ({"step": 0}, "step must not be 0"),
    ({"initial_value": "1"}, "initial_value must be an integer, not '1'"),
    ({"fair": 1}, "fair must be True, False or None"),
    ({"require_transaction": None}, "require_transaction must be True or False"),
    ({"tz": 1}, "tz must be the name of a time zone or a tzinfo, not int"),
    ({"tz": dt.timedelta()}, "tz must be the name of a time zone or a tzinfo, not timedelta"),
    (
        {"pattern": "{year}-{number}"},
        "tz is needed, such as 'Europe/Paris': a year begins at another moment there",
    ),
    (
        {"pattern": "{year}-{number}", "period": "year"},
        "tz is needed, such as 'Europe/Paris': a year begins at another moment there",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "text"), REFUSED)
def test_refused(parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        Numbering(**{"name": "n", "pattern": "{number}", **parameters})

    assert str(caught.value) == text


@pytest.mark.parametrize(
    "name", ["Europe/Pari", "", "../etc/passwd", "/etc/passwd", "Europe", "a\0"]
)
def test_a_zone_that_is_not_known(name: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        Numbering("n", "{number}", tz=name)

    assert str(caught.value) == (
        "tz must be a zone of the IANA database, such as 'Europe/Paris': "
        f"{name!r} isn't known here. If the name is right, install the package tzdata from PyPI"
    )


def test_missing_zone_data_names_the_package_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in slim images and on Windows."""
    for module in {"tzdata", *(name for name in sys.modules if name.startswith("tzdata."))}:
        monkeypatch.setitem(sys.modules, module, None)
    zoneinfo.reset_tzpath([tmp_path])
    zoneinfo.ZoneInfo.clear_cache(only_keys=["Antarctica/Troll"])
    try:
        with pytest.raises(InvalidSequence) as caught:
            Numbering("n", "{number}", tz="Antarctica/Troll")
    finally:
        zoneinfo.reset_tzpath()

    assert str(caught.value) == (
        "tz can't be 'Antarctica/Troll': this machine has no data about time zones. Install "
        "the package tzdata from PyPI"
    )


def test_a_zone_may_be_an_offset() -> None:
    east = dt.timezone(dt.timedelta(hours=2))
    numbers = Numbering("n", "{year}-{number}", period="year", tz=east)

    span = numbers.span(dt.datetime(2026, 12, 31, 22, tzinfo=dt.UTC))
    assert span == (
        "2027",
        dt.datetime(2026, 12, 31, 22, tzinfo=dt.UTC),
        dt.datetime(2027, 12, 31, 22, tzinfo=dt.UTC),
    )


def test_the_counters_are_called_after_series_scope_and_period() -> None:
    numbers = Numbering(
        "sales/invoices",
        "{a}-{fiscal_year}-{number}",
        scope=["b"],
        period=FiscalYear(4),
        tz="UTC",
        initial_value=100,
        step=10,
        table="billing.numbers",
        fair=False,
        require_transaction=False,
    )

    scope = numbers.scope_of({"a": "x/y", "b": 7})
    assert numbers.counter(scope, "FY2026") == AsyncSequence(
        "sales%2Finvoices/a=x%2Fy/b=7/FY2026",
        100,
        step=10,
        table="billing.numbers",
        fair=False,
        require_transaction=False,
        queue="sales%2Finvoices/a=x%2Fy/b=7",
    )
    assert Numbering("n", "{number}").counter((), None) == AsyncSequence("n")


def test_a_document_number_says_its_day_where_the_numbering_knows() -> None:
    eve = dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC)
    there = YEARLY.document(1, eve, (), YEARLY.span(eve).period)
    plain = Numbering("n", "{number}").document(7, eve, (), None)

    assert (there.text, there.period, there.date) == (
        "INV-2027-00001",
        "2027",
        dt.date(2027, 1, 1),
    )
    assert str(there) == "INV-2027-00001"
    assert (plain.text, plain.period, plain.at) == ("7", None, eve)
    with pytest.raises(InvalidSequence) as caught:
        plain.date  # noqa: B018
    assert str(caught.value) == (
        "tz is needed for a date: give the numbering one, such as 'Europe/Paris'"
    )


def test_a_document_number_is_a_frozen_value() -> None:
    eve = dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC)
    one, same = (YEARLY.document(1, eve, (), "2027") for _ in range(2))

    assert one == same
    assert {one: 1}[same] == 1
    assert pickle.loads(pickle.dumps(one)) == one
    assert isinstance(one, DocumentNumber)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.text = ""  # type: ignore[misc]
