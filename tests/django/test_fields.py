"""Fields that number themselves: when they draw, and that no number is lost."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django import VERSION
from django.core import serializers
from django.db import IntegrityError, connections, models, transaction
from django.db.transaction import TransactionManagementError
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext, override_settings

import aseq
from aseq.django import aatomic, errors, sync
from aseq.django.fields._unsaved import _flat
from tests.django.shop.models import Case, Express, Letter, Order
from tests.django.threads import in_threads

MODELS = (Case, Order, Express, Letter)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """No rows, and no numbers drawn."""
    for using in ("default", "sqlite"):
        for model in MODELS:
            model._base_manager.using(using).all().delete()
        with connections[using].cursor() as cursor:
            cursor.execute("DELETE FROM aseq_sequence")
    yield
    connections.close_all()


def numbers(using: str, model: Any = Case) -> list[Any]:
    return list(model.objects.using(using).order_by("pk").values_list("number", flat=True))


def drawn(using: str, name: str = "cases") -> int | None:
    return sync.get_last_value(name, using=using)


def cases(*texts: str, **more: Any) -> list[Case]:
    return [Case(text=text, **more) for text in texts]


def test_each_way_of_saving(using: str) -> None:
    objects = Case.objects.using(using)
    with transaction.atomic(using=using):
        assert objects.create(text="a").number == 1000
        case = Case(text="b")
        case.save(using=using)
        assert case.number == 1001
        made = objects.bulk_create(cases("c", "d"))
        assert [case.number for case in made] == [1002, 1003]
        assert objects.get_or_create(text="e")[0].number == 1004
        assert objects.get_or_create(text="e")[0].number == 1004
        assert objects.update_or_create(text="f", defaults={"amount": 1})[0].number == 1005
        assert objects.update_or_create(text="f", defaults={"amount": 2})[0].number == 1005
        with_key = Case(pk=10_000, text="g")
        with_key.save(using=using)
        assert with_key.number == 1006
        mixed = objects.bulk_create([Case(pk=10_001, text="h"), Case(text="i")])
        assert sorted(case.number for case in mixed) == [1007, 1008]
    assert sorted(numbers(using)) == list(range(1000, 1009))
    assert drawn(using) == 1008


async def test_each_way_of_saving_in_async_code(using: str) -> None:
    objects = Case.objects.using(using)
    async with aatomic(using):
        assert (await objects.acreate(text="a")).number == 1000
        case = Case(text="b")
        await case.asave(using=using)
        assert case.number == 1001
        made = await objects.abulk_create(cases("c", "d"))
        assert [case.number for case in made] == [1002, 1003]
        assert (await objects.aget_or_create(text="e"))[0].number == 1004
        case.amount = 5
        await case.asave(using=using)
    with pytest.raises(errors.NotInTransaction):
        await objects.acreate(text="f")
    assert await sync_to_async(numbers)(using) == list(range(1000, 1005))
    assert await sync_to_async(drawn)(using) == 1004
    await sync_to_async(connections.close_all)()


def test_statements(using: str) -> None:
    with transaction.atomic(using=using):
        Order.objects.using(using).create(tenant="x")
        with CaptureQueriesContext(connections[using]) as queries:
            Case.objects.using(using).create(text="a")
        assert len(queries) == 2
        with CaptureQueriesContext(connections[using]) as queries:
            Case.objects.using(using).bulk_create(cases(*map(str, range(50))))
        assert len(queries) == 2
        with CaptureQueriesContext(connections[using]) as queries:
            # Two numbers for each row, of three tenants.
            orders = [Order(tenant=f"t{i % 3}") for i in range(30)]
            Order.objects.using(using).bulk_create(orders)
        assert len(queries) == 2
    assert [order.place for order in orders] == [i // 3 + 1 for i in range(30)]


def test_what_draws_nothing(using: str) -> None:
    form = modelform_factory(Case, fields=["text"])()
    assert "number" not in form.as_p()
    case = Case(text="a")
    assert case.number is None
    case.full_clean(validate_unique=False)
    case.clean_fields()
    given = Case(number=5, text="b")
    given.save(using=using)
    Case.objects.using(using).bulk_create([Case(number=6, text="c")])
    [fixture] = serializers.deserialize(
        "python", [{"model": "shop.case", "pk": 77, "fields": {"number": 7, "text": "d"}}]
    )
    fixture.save(using=using)
    [fixture] = serializers.deserialize(
        "python", [{"model": "shop.case", "pk": 78, "fields": {"text": "e"}}]
    )
    with pytest.raises(IntegrityError):
        fixture.save(using=using)
    given.amount = 3
    given.save()
    given.save(update_fields=["amount"])
    given.refresh_from_db()
    Case.objects.using(using).bulk_update([given], ["amount", "number"])
    assert sorted(numbers(using)) == [5, 6, 7]
    assert drawn(using) is None


def test_a_number_stays(using: str) -> None:
    with transaction.atomic(using=using):
        order = Order.objects.using(using).create(tenant="x")
        number, at = order.number, order.issued_at
        order.save()
        order.refresh_from_db()
        assert (order.number, order.issued_at, order.place) == (number, at, 1)
    order.save()
    assert Order.objects.using(using).get().number == number


# Django 5.2 opens a block for `bulk_create` in any case.
MANY = pytest.param(True, marks=pytest.mark.skipif(VERSION < (6,), reason="in a block"))


@pytest.mark.parametrize("many", [False, MANY])
def test_outside_of_a_block(using: str, many: bool) -> None:
    objects = Case.objects.using(using)
    for autocommit in (True, False):
        connections[using].set_autocommit(autocommit)
        try:
            with (
                CaptureQueriesContext(connections[using]) as queries,
                pytest.raises(errors.NotInTransaction) as caught,
            ):
                objects.bulk_create(cases("a", "b")) if many else objects.create(text="a")
            assert not queries
        finally:
            if not autocommit:
                connections[using].rollback()
            connections[using].set_autocommit(True)
        assert caught.value.sequence == "cases"
        assert "with transaction.atomic(" in caught.value.hint
    assert numbers(using) == []


@override_settings(ASEQ_REQUIRE_TRANSACTION=False)
def test_where_no_block_is_required(using: str) -> None:
    case = Case(text="a")
    case.save(using=using)
    again = Case(text="a")
    with pytest.raises(IntegrityError):
        again.save(using=using)
    again.text = "b"
    again.save(using=using)  # its number was committed, so it goes on with that
    assert numbers(using) == [1000, 1001]


def unique_twice(using: str) -> None:
    Case.objects.using(using).bulk_create(cases("a", "a"))


def cant_be_prepared(using: str) -> None:
    Case.objects.using(using).bulk_create([Case(text="a", amount="much")])


def interrupted(using: str) -> None:
    def interrupt(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT INTO") and "shop_case" in sql:
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connections[using].execute_wrapper(interrupt):
        Case.objects.using(using).bulk_create(cases("a"))


def interrupted_afterwards(using: str) -> None:
    def interrupt(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("INSERT INTO") and "shop_case" in sql:
            raise KeyboardInterrupt
        return result

    with connections[using].execute_wrapper(interrupt):
        Case.objects.using(using).bulk_create(cases("a"))


FAILURES = [unique_twice, cant_be_prepared, interrupted, interrupted_afterwards]


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize("inner", [False, True])
def test_who_swallows_an_error_loses_no_number(
    using: str, fail: Callable[[str], None], inner: bool
) -> None:
    """Model.save marks the block for rollback; bulk_create of Django's own doesn't."""
    wrappers = list(connections[using].execute_wrappers)
    with transaction.atomic(using=using):
        Case.objects.using(using).create(text="first")
        if inner:
            with pytest.raises(BaseException), transaction.atomic(using=using):  # noqa: B017
                fail(using)
            Case.objects.using(using).create(text="next")
        else:
            with pytest.raises(BaseException):  # noqa: B017
                fail(using)
            with pytest.raises(TransactionManagementError):
                Case.objects.using(using).create(text="next", number=1)
            with pytest.raises(TransactionManagementError):
                sync.get_next_value("cases", using=using)
    with transaction.atomic(using=using):
        Case.objects.using(using).create(text="last")
    assert numbers(using) == ([1000, 1001, 1002] if inner else [1000])
    assert connections[using].execute_wrappers == wrappers


def test_the_block_says_why(using: str) -> None:
    with transaction.atomic(using=using):
        with pytest.raises(ValueError, match="expected a number"):
            cant_be_prepared(using)
        with pytest.raises(TransactionManagementError) as caught:
            Case.objects.using(using).update(amount=1)
        cause = caught.value.__cause__
        assert str(cause) == (
            "numbers were drawn for rows of 'shop_case', and the rows couldn't be inserted: "
            "leave the atomic block, so that the numbers are given back"
        )


def test_parameters_that_are_no_numbers_are_looked_past() -> None:
    assert [*_flat((5, ["a", [6, {}]], {7}, b"8", None))] == [5, "a", 6]
    assert [*_flat(None)] == []


class Looks(models.BigIntegerField):
    """A field that asks the database, or changes it, while a row is put together."""

    statement = "SELECT 41"

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(self.statement)
            return cursor.fetchone()[0]


@pytest.fixture
def counted(using: str, monkeypatch: pytest.MonkeyPatch) -> type[Looks]:
    """The cases' amounts are looked up, after their numbers were drawn."""
    monkeypatch.setattr(Case._meta.get_field("amount"), "__class__", Looks)
    return Looks


def test_another_field_may_look(using: str, counted: type[Looks]) -> None:
    with transaction.atomic(using=using):
        Case.objects.using(using).bulk_create(cases("a", "b"))
    assert list(Case.objects.using(using).values_list("amount", flat=True)) == [41, 41]
    assert numbers(using) == [1000, 1001]


def test_another_field_may_not_change_anything(
    using: str, counted: type[Looks], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted, "statement", "UPDATE shop_case SET amount = 0 RETURNING 1")
    with transaction.atomic(using=using):
        with pytest.raises(TransactionManagementError):
            Case.objects.using(using).create(text="a")
        assert connections[using].needs_rollback
    assert drawn(using) is None


def test_wrappers_of_others_stay(using: str) -> None:
    """One that is removed while a number waits for its row."""
    seen = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with transaction.atomic(using=using):
        with pytest.raises(ValueError), connections[using].execute_wrapper(note):
            cant_be_prepared(using)
        assert note not in connections[using].execute_wrappers
    with transaction.atomic(using=using):
        Case.objects.using(using).create(text="a")
    assert len(seen) == 1
    assert connections[using].execute_wrappers == []


class Failed(Exception):
    pass


@pytest.mark.parametrize("key", [False, True])
def test_an_object_that_was_rolled_back_gets_a_new_number(using: str, key: bool) -> None:
    order = Order(tenant="x")
    with pytest.raises(Failed), transaction.atomic(using=using):
        order.save(using=using)
        at = order.issued_at
        raise Failed
    assert order.number.endswith("-0001")
    with transaction.atomic(using=using):
        # Somebody else has it now. (SQLite gives keys that were rolled back again, too.)
        Order.objects.using(using).create(tenant="x", pk=10**6 + random.randrange(10**6))
    if not key:
        order.pk = None
    with transaction.atomic(using=using):
        order.save(using=using)
    assert order.number.endswith("-0002")
    assert order.place == 2
    assert order.issued_at > at
    order.refresh_from_db()
    assert order.number.endswith("-0002")


def test_rows_that_were_rolled_back_get_new_numbers(using: str) -> None:
    rows = cases("a", "b", "b")
    for _ in range(2):
        with pytest.raises(IntegrityError), transaction.atomic(using=using):
            Case.objects.using(using).bulk_create(rows)
    rows[2].text = "c"
    with transaction.atomic(using=using):
        Case.objects.using(using).bulk_create(rows)
    assert numbers(using) == [1000, 1001, 1002]


def test_a_number_that_was_set_by_hand_is_kept(using: str) -> None:
    case = Case(text="a", number=7)
    with pytest.raises(Failed), transaction.atomic(using=using):
        case.save(using=using)
        raise Failed
    case.save(using=using)
    assert numbers(using) == [7]


def test_a_copy_in_another_database_keeps_its_number() -> None:
    with transaction.atomic():
        case = Case.objects.create(text="a")
    case.save(using="sqlite")
    assert numbers("sqlite") == [1000]
    assert drawn("sqlite") is None


def pickled(case: Case) -> Case:
    twin: Case = pickle.loads(pickle.dumps(case))
    return twin


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_objects_can_be_copied(using: str, duplicate: Callable[[Case], Case]) -> None:
    with transaction.atomic(using=using):
        case = Case.objects.using(using).create(text="a")
        twin = duplicate(case)
        assert twin.number == case.number == 1000
        twin.pk, twin.text = None, "b"
        twin.save(using=using)
        assert (twin.number, case.number) == (1001, 1000)


def test_several_tenants(using: str) -> None:
    with transaction.atomic(using=using):
        rows = Order.objects.using(using).bulk_create(
            [Order(tenant=tenant) for tenant in ("x", "y", "x", "z")]
        )
    year = rows[0].issued_at.astimezone(dt.UTC).year
    assert [(row.tenant, row.number, row.place) for row in rows] == [
        ("x", f"O-{year}-0001", 1),
        ("y", f"O-{year}-0001", 1),
        ("x", f"O-{year}-0002", 2),
        ("z", f"O-{year}-0001", 1),
    ]
    assert drawn(using, f"orders/tenant=x/{year}") == drawn(using, "orders-of/tenant=x") == 2


def test_a_row_without_its_tenant(using: str) -> None:
    with (
        CaptureQueriesContext(connections[using]) as queries,
        transaction.atomic(using=using),
        pytest.raises(aseq.InvalidSequence, match=r"^tenant is missing: Order\.tenant is No"),
    ):
        Order.objects.using(using).bulk_create([Order(tenant="x"), Order(tenant=None)])
    assert not [query for query in queries if "aseq_sequence" in query["sql"]]


def test_the_moment(using: str) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=5)
    with transaction.atomic(using=using):
        order = Order.objects.using(using).create(tenant="x")
    assert before < order.issued_at < before + dt.timedelta(minutes=5)
    saved = Order.objects.using(using).get()
    assert abs(saved.issued_at - order.issued_at) < dt.timedelta(milliseconds=1)


def test_a_document_that_is_dated_back(using: str) -> None:
    at = dt.datetime(2023, 12, 31, 23, 30, tzinfo=dt.UTC)  # 2024 in Paris
    with transaction.atomic(using=using):
        rows = Order.objects.using(using).bulk_create(
            [
                Order(tenant="x", issued_at=at),
                Order(tenant="x"),
                Order(tenant="x", issued_at=at - dt.timedelta(days=9)),
                Order(tenant="x", issued_at=at + dt.timedelta(days=9)),
            ]
        )
    assert [row.number[:6] for row in rows] == [
        *("O-2024", f"O-{rows[1].issued_at.year}", "O-2023", "O-2024"),
    ]
    assert [row.number[-1] for row in rows] == ["1", "1", "1", "2"]
    assert [row.issued_at for row in rows if row is not rows[1]] == [
        *(at, at - dt.timedelta(days=9), at + dt.timedelta(days=9)),
    ]
    assert sorted(row.place for row in rows) == [1, 2, 3, 4]


@override_settings(USE_TZ=False)
def test_moments_without_a_time_zone(using: str) -> None:
    with transaction.atomic(using=using):
        order = Order.objects.using(using).create(tenant="x")
        assert order.issued_at.tzinfo is None
        back = Order(tenant="x", issued_at=dt.datetime(2024, 5, 1))
        back.save(using=using)
        assert back.number == "O-2024-0001"
        transaction.set_rollback(True, using=using)


@pytest.mark.parametrize(
    "how", [{"ignore_conflicts": True}, {"update_conflicts": True}], ids=["ignore", "update"]
)
def test_conflicts_cant_be_ignored(using: str, how: dict[str, Any]) -> None:
    if "update_conflicts" in how:
        how |= {"update_fields": ["amount"], "unique_fields": ["text"]}
    objects = Case.objects.using(using)
    with (
        transaction.atomic(using=using),
        pytest.raises(aseq.InvalidSequence, match=r"^ignore_conflicts can't be used while"),
    ):
        objects.bulk_create(cases("a"), **how)
    objects.bulk_create(cases("a", number=5), **how)  # nothing is drawn
    assert numbers(using) == [5]
    assert drawn(using) is None


def test_a_row_in_two_tables(using: str) -> None:
    with transaction.atomic(using=using):
        assert Letter.objects.using(using).create().number == "L1"
        assert Express.objects.using(using).create().number == "L2"
    # Django saves it in a block of its own.
    assert Express.objects.using(using).create().number == "L3"
    assert numbers(using, Letter) == ["L1", "L2", "L3"]


def test_get_or_create_with_a_callable(name: str, using: str) -> None:
    """Without the field's help: drawn only if the row is created."""
    objects = Case.objects.using(using)

    def draw() -> int:
        return sync.get_next_value(name, using=using)

    for _ in range(3):
        objects.get_or_create(text="a", defaults={"number": draw})
    assert numbers(using) == [1]
    assert drawn(using, name) == 1


def test_the_table_follows_the_settings(using: str) -> None:
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute("CREATE TABLE other AS SELECT * FROM aseq_sequence")
            cursor.execute("CREATE UNIQUE INDEX other_name ON other (name)")
        with override_settings(ASEQ_TABLE="other"):
            Case.objects.using(using).create(text="a")
            assert drawn(using) == 1000
        assert drawn(using) is None
        transaction.set_rollback(True, using=using)


def test_many_at_once(using: str) -> None:
    """Batches of several tenants in any order: no deadlock, and no hole."""

    def work(seed: int) -> None:
        rolls = random.Random(seed)
        for _ in range(8):
            rows = [Order(tenant=rolls.choice("abcd")) for _ in range(rolls.randint(1, 6))]
            try:
                with transaction.atomic(using=using):
                    if rolls.random() < 0.5:
                        Order.objects.using(using).bulk_create(rows)
                    else:
                        rows[0].save(using=using)
                    if rolls.random() < 0.3:
                        raise Failed
            except Failed:
                # SQLite gives its key to another row, which would be overwritten.
                rows[0].pk = None
                with transaction.atomic(using=using):
                    rows[0].save(using=using)

    in_threads(*(lambda seed=seed: work(seed) for seed in range(8)))
    for tenant in "abcd":
        rows = Order.objects.using(using).filter(tenant=tenant).order_by("place")
        places = [row.place for row in rows]
        assert places == list(range(1, len(places) + 1))
        assert sorted(int(row.number[-4:]) for row in rows) == places
        assert [row.issued_at for row in rows.order_by("number")] == sorted(
            row.issued_at for row in rows
        )
