"""How fields that number themselves are defined, written into migrations, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models.functions import Now
from django.test.utils import isolate_apps
from django.utils import timezone

import aseq
from aseq.django.fields import NumberingField, SequenceField
from tests.django.shop.models import Case, Letter, Order
from tests.django.shop.numbers import letter_numbers, order_numbers

PATH = "tests.django.shop.numbers.order_numbers"
TENANT = {"tenant": "tenant"}

FIELDS: list[tuple[Any, dict[str, Any]]] = [
    (SequenceField("x"), {"sequence_name": "x"}),
    (
        SequenceField("x", 5, 9, unique=True, db_column="y"),
        {
            "sequence_name": "x",
            "initial_value": 5,
            "reset_value": 9,
            "unique": True,
            "db_column": "y",
        },
    ),
    (
        SequenceField("x", scope=TENANT, editable=True, blank=False),
        {"sequence_name": "x", "scope": TENANT, "editable": True, "blank": False},
    ),
    (NumberingField(PATH), {"numbering": PATH}),
    (NumberingField(letter_numbers), {"numbering": letter_numbers}),
    (
        NumberingField(PATH, scope=TENANT, at_field="at", max_length=30),
        {"numbering": PATH, "scope": TENANT, "at_field": "at", "max_length": 30},
    ),
]


@pytest.mark.parametrize(("field", "keywords"), FIELDS)
def test_as_migrations_have_it(field: Any, keywords: dict[str, Any]) -> None:
    _, path, args, kwargs = field.deconstruct()
    assert path == f"aseq.django.fields.{type(field).__name__}"
    assert (args, kwargs) == ([], keywords)
    again = type(field)(*args, **kwargs)
    assert again.deconstruct()[1:] == field.deconstruct()[1:]
    text, imports = MigrationWriter.serialize(field)
    assert text.startswith(f"aseq.django.fields.{type(field).__name__}(")
    assert "import aseq.django.fields" in imports


@pytest.mark.parametrize("model", [Case, Order, Letter])
def test_nothing_to_migrate(model: type[models.Model]) -> None:
    def state() -> ProjectState:
        found = ProjectState()
        found.add_model(ModelState.from_model(model))
        return found

    rendered = state().apps.get_model(model._meta.label)
    assert [each.name for each in rendered._meta.fields] == [
        each.name for each in model._meta.fields
    ]
    assert not MigrationAutodetector(state(), state())._detect_changes()


def test_what_it_is_by_default() -> None:
    for field in (SequenceField("x"), NumberingField(PATH)):
        assert (field.editable, field.blank, field.null) == (False, True, False)
        assert field.get_default() is None


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SequenceField(""), "^name must have 1 to 100"),
        (lambda: SequenceField("x", 5, 5), "^reset_value must be greater"),
        (lambda: SequenceField("x", 1, 5, scope=TENANT), "^reset_value can't be used with"),
        (lambda: SequenceField("x", scope={"at": "at"}), "^scope has 'at'"),
        (
            lambda: NumberingField(order_numbers),  # type: ignore[arg-type]
            "^numbering must be the import path",
        ),
        (
            lambda: NumberingField(None),  # type: ignore[arg-type]
            "^numbering must be the import path",
        ),
    ],
)
def test_what_cant_be(make: Any, text: str) -> None:
    with pytest.raises(aseq.InvalidSequence, match=text):
        make()


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[Apps]:
    with isolate_apps("tests.django.shop") as registry:
        yield registry


def checked(field: Any, constraints: Any = (), **others: Any) -> list[tuple[str, str]]:
    """What the checks say about a model's field "number"."""
    meta = type("Meta", (), {"app_label": "shop", "constraints": constraints})
    found: Any = type(
        "Bill",
        (models.Model,),
        {
            "__module__": __name__,
            "Meta": meta,
            "tenant": models.CharField(max_length=9),
            "number": field,
            "at": models.DateTimeField(null=True),
            **others,
        },
    )
    told: list[checks.CheckMessage] = found._meta.get_field("number").check()
    return [(str(each.id), each.msg) for each in told]


@pytest.mark.parametrize(
    "field",
    [
        SequenceField("x", unique=True),
        SequenceField("x", 1, 5),
        SequenceField("x", scope=TENANT, unique=True),
        NumberingField(PATH, scope=TENANT, at_field="at", unique=True),
        NumberingField(letter_numbers, unique=True),
    ],
)
def test_nothing_to_say(field: Any) -> None:
    assert checked(field) == []


def test_a_constraint_is_enough() -> None:
    field = SequenceField("x", scope=TENANT)
    both = models.UniqueConstraint(fields=["tenant", "number"], name="bill")
    assert checked(field, [both]) == []


@pytest.mark.parametrize("model", [Case, Order, Letter])
def test_nothing_to_say_of_the_tests_models(model: type[models.Model]) -> None:
    assert model.check(databases=["default"]) == []


@pytest.mark.parametrize(
    ("field", "number", "text"),
    [
        (NumberingField("nowhere.x", unique=True), "E005", "can't import the numbering 'nowhe"),
        (NumberingField("tests.nothing", unique=True), "E005", "can't import the numbering"),
        (NumberingField("tests.django:x", unique=True), "E005", "can't import the numbering"),
        (NumberingField("a b", unique=True), "E005", "can't import the numbering"),
        (NumberingField("os.path", unique=True), "E005", "'os.path' is no Numbering"),
        (NumberingField(PATH, unique=True), "E006", "numbering come from: tenant."),
        (
            NumberingField(letter_numbers, scope=TENANT, unique=True),
            *("E006", "numbering come from: none."),
        ),
        (
            SequenceField("x", scope={"tenant": "nothing"}, unique=True),
            *("E006", "names 'nothing', which is no field of Bill"),
        ),
        (
            NumberingField(letter_numbers, at_field="nothing", unique=True),
            *("E007", "at_field 'nothing' doesn't exist"),
        ),
        (
            NumberingField(letter_numbers, at_field="tenant", unique=True),
            *("E007", "at_field 'tenant' must be a DateTimeField of Bill"),
        ),
        (SequenceField("x", default=1, unique=True), "E008", "takes the place of the number"),
        (SequenceField("x", db_default=1, unique=True), "E008", "takes the place of"),
        (SequenceField("x", primary_key=True), "E009", "can't be the primary key"),
        (NumberingField(letter_numbers, primary_key=True), "E009", "can't be the primary key"),
        (SequenceField("x"), "W007", "keeps two rows from having the same number"),
        (NumberingField(letter_numbers), "W007", "keeps two rows from having the same"),
        (SequenceField("x", null=True, unique=True), "W008", "null=True has no use"),
    ],
)
def test_what_the_checks_say(field: Any, number: str, text: str) -> None:
    [(found, message)] = checked(field)
    assert found == f"aseq.{number}"
    assert text in message


@pytest.mark.parametrize(
    "at",
    [
        models.DateTimeField(auto_now=True),
        models.DateTimeField(auto_now_add=True),
        models.DateTimeField(default=timezone.now),
        models.DateTimeField(db_default=Now()),
    ],
)
def test_a_moment_of_its_own(at: models.Field[Any, Any]) -> None:
    field = NumberingField(letter_numbers, at_field="at", unique=True)
    [(found, message)] = checked(field, at=at)
    assert found == "aseq.E007"
    assert "must not have a default" in message


def test_a_moment_that_is_defined_before_the_number() -> None:
    """Its value would have been read before there is a moment. Saving refuses it, too."""

    class Bill(models.Model):
        at = models.DateTimeField(null=True)
        number = NumberingField(letter_numbers, at_field="at", unique=True)

        class Meta:
            app_label = "shop"

    number: Any = Bill._meta.get_field("number")
    [error] = number.check()
    assert error.id == "aseq.E007"
    assert "must be defined after the number, which comes with its moment" in error.msg
    with pytest.raises(ImproperlyConfigured, match="must be defined after the number"):
        number.claim(Bill(), "default", None)
