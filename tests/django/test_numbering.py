"""`Numbering` and `allocate` for Django: what sync code gets, async code gets too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext, override_settings

import aseq
import aseq.django
from aseq import AsyncSequence, numbering
from aseq.django import aatomic, errors, sync
from aseq.numbering import DocumentNumber
from tests.django.shop.models import Saved
from tests.django.threads import DEADLINE, elsewhere

AT = dt.datetime(2025, 12, 31, 23, 30, tzinfo=dt.UTC)  # 2026 in Paris
BIG = 2**63 - 1


def made(wing: Any, name: str, using: str | None = None, **more: Any) -> Any:
    """The same numbering in one of the two wings."""
    defaults = {"scope": ["tenant"], "period": "year", "tz": "Europe/Paris"}
    return wing.Numbering(name, "{entity}-{year}-{number:03}", using=using, **defaults | more)


# What is called, with what; one after the other. All but the last are of one year.
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR"}),
    ("next", (), {"at": AT, "tenant": 8, "entity": "FR"}),
    ("next", (), {"at": AT, "tenant": 7}),
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR", "other": 1}),
    ("next", (), {"at": AT.replace(tzinfo=None), "tenant": 7, "entity": "FR"}),
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR", "timeout": 0}),
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR", "timeout": 1, "nowait": True}),
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR", "timeout": 20}),
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR", "nowait": True}),
    ("next_many", (3,), {"at": AT, "tenant": 7, "entity": "FR"}),
    ("next_many", (0,), {"at": AT, "tenant": 7, "entity": "FR"}),
    ("next_many", (-1,), {"at": AT, "tenant": 7, "entity": "FR"}),
    ("next_many", (1,), {"at": AT, "tenant": 7, "entity": "FR", "timeout": -1}),
    ("preview", (), {"at": AT, "tenant": 7, "entity": "FR"}),
    ("preview", (), {"at": "today", "tenant": 7, "entity": "FR"}),
    ("preview", (), {"tenant": 9}),
    ("take_over", (["FR-2026-041", "FR-2025-7", "nonsense", None],), {"tenant": 7}),
    ("take_over", (["FR-2026-041"],), {}),
    ("take_over", (7,), {"tenant": 7}),
    ("next", (), {"at": AT, "tenant": 7, "entity": "FR"}),
    ("next_many", (BIG,), {"at": AT, "tenant": 7, "entity": "FR"}),
]


def told(answer: object) -> object:
    if isinstance(answer, list):
        return [told(each) for each in answer]
    if isinstance(answer, DocumentNumber):
        return answer.text, answer.number, answer.at, answer.period, answer.scope, answer.date
    if isinstance(answer, Exception):
        return type(answer), str(answer).replace(
            "async with aatomic", "with transaction.atomic"
        )
    return answer


def the_sync_ones(name: str, using: str) -> list[object]:
    answers = []
    for method, args, kwargs in CALLS:
        try:
            answer = getattr(made(sync, name, using), method)(*args, **kwargs)
        except Exception as exc:
            answer = exc
        answers.append(told(answer))
    return answers


async def the_async_ones(name: str, using: str) -> list[object]:
    answers = []
    for method, args, kwargs in CALLS:
        try:
            answer = await getattr(made(aseq.django, name, using), method)(*args, **kwargs)
        except Exception as exc:
            answer = exc
        answers.append(told(answer))
    return answers


def in_a_block(name: str, using: str) -> list[object]:
    with transaction.atomic(using=using):
        answers = the_sync_ones(name, using)
        transaction.set_rollback(True, using=using)
    return answers


async def test_answers_are_the_same(name: str, using: str) -> None:
    expected = await sync_to_async(in_a_block)(name, using)
    async with aatomic(using) as tx:
        assert await the_async_ones(name, using) == expected
        tx.set_rollback()
    assert expected[0] == (
        *("FR-2026-001", 1, AT, "2026"),
        {"entity": "FR", "tenant": "7"},
        dt.date(2026, 1, 1),
    )
    texts = [each[0] for each in expected if isinstance(each, tuple) and len(each) == 6]
    assert texts == [
        *("FR-2026-001", "FR-2026-001", "FR-2026-002", "FR-2026-003"),
        *("FR-2026-007", "FR-2026-042"),
    ]
    assert await sync_to_async(the_sync_ones)(name, using) == await the_async_ones(name, using)


def test_outside_of_a_block(name: str, using: str) -> None:
    with pytest.raises(errors.NotInTransaction) as caught:
        made(sync, name, using).next(tenant=7, entity="FR", at=AT)
    assert str(caught.value).startswith(f"sequence '{name}/entity=FR/tenant=7/2026' isn't used")
    with pytest.raises(errors.NotInTransaction) as awaited:
        async_to_sync(made(aseq.django, name, using).next)(tenant=7, entity="FR", at=AT)
    assert awaited.value.sequence == caught.value.sequence
    assert "aatomic" in awaited.value.hint


@override_settings(ASEQ_REQUIRE_TRANSACTION=False)
def test_where_no_block_is_required(name: str, using: str) -> None:
    numbers = made(sync, name, using)
    assert numbers.next(tenant=7, entity="FR").number == 1
    assert async_to_sync(made(aseq.django, name, using).next)(tenant=7, entity="FR").number == 2


def test_one_statement_per_draw(name: str, using: str) -> None:
    numbers = made(sync, name, using).bind(tenant=7, entity="FR")
    with (
        transaction.atomic(using=using),
        CaptureQueriesContext(connections[using]) as queries,
    ):
        numbers.next()
        numbers.next_many(100)
    assert len(queries) == 2


async def test_it_is_the_series_that_others_draw_from(name: str, using: str) -> None:
    plain = numbering.Numbering(name, "{number}", scope=["tenant"])
    ours = aseq.django.Numbering(name, "{number}", scope=["tenant"], using=using)
    async with aatomic(using) as tx:
        assert (await plain.next(tx, tenant=1)).number == 1
        assert (await ours.next(tenant=1)).number == 2
        assert (await plain.preview(tx, tenant=1)).number == 3
        assert (await ours.preview(tenant=1)).number == 3
        tx.set_rollback()


Draw = Callable[[str, str], Awaitable[int]]


async def with_a_plain_one(name: str, using: str) -> int:
    async with aatomic(using) as tx:
        return (await numbering.Numbering(name, "{number}").next(tx)).number


async def with_a_plain_one_at(name: str, using: str) -> int:
    async with aatomic(using) as tx:
        return (await numbering.Numbering(name, "{number}").next(tx, at=AT)).number


async def with_ours(name: str, using: str) -> int:
    async with aatomic(using):
        return (await aseq.django.Numbering(name, "{number}", using=using).next()).number


async def in_sync_code(name: str, using: str) -> int:
    def work() -> int:
        with transaction.atomic(using=using):
            return sync.Numbering(name, "{number}", using=using).next().number

    return await sync_to_async(work)()


async def with_allocate(name: str, using: str) -> int:
    async with aatomic(using):
        numbers = aseq.django.Numbering(name, "{number}", using=using)
        [number] = (await aseq.django.allocate({numbers: 1}))[numbers]
        return number.number


async def preview(name: str, using: str) -> int:
    async with aatomic(using) as tx:
        plain = await numbering.Numbering(name, "{number}").preview(tx)
        ours = await aseq.django.Numbering(name, "{number}", using=using).preview()
        assert plain.number == ours.number
        return plain.number


@pytest.mark.parametrize(
    "draw",
    [
        *(with_a_plain_one, with_a_plain_one_at, with_ours, in_sync_code, with_allocate),
        preview,
    ],
)
async def test_the_table_follows_the_settings(name: str, using: str, draw: Draw) -> None:
    async def run(sql: str) -> None:
        def work() -> None:
            with connections[using].cursor() as cursor:
                cursor.execute(sql)

        await sync_to_async(work)()

    other = f"other_{name[5:]}"
    await run(f"CREATE TABLE {other} AS SELECT * FROM aseq_sequence WHERE last < last")
    await run(f"CREATE UNIQUE INDEX {other}_name ON {other} (name)")
    await run(f"INSERT INTO {other} VALUES ('{name}', 41)")
    try:
        with override_settings(ASEQ_TABLE=other):
            assert await draw(name, using) == 42
        assert await draw(name, using) == 1
    finally:
        await run(f"DROP TABLE {other}")
        await sync_to_async(connections.close_all)()


def test_the_sequence_of_a_year(name: str, using: str) -> None:
    numbers = made(sync, name, using).bind(tenant=7, entity="FR")
    with transaction.atomic(using=using):
        sequence = numbers.sequence(at=AT)
        assert isinstance(sequence, sync.Sequence)
        assert sequence.advance_to(99) == 99
        assert numbers.next(at=AT).text == "FR-2026-100"
        assert sequence.get_next_value() == 101
        assert sequence.delete() is True
        transaction.set_rollback(True, using=using)
    with pytest.raises(aseq.InvalidSequence, match="entity is missing"):
        made(sync, name).sequence()


async def test_the_sequence_of_a_year_in_async_code(name: str, using: str) -> None:
    numbers = made(aseq.django, name, using, step=5).bind(tenant=7, entity="FR")
    async with aatomic(using) as tx:
        sequence = numbers.sequence(at=AT)
        assert isinstance(sequence, aseq.django.Sequence)
        assert await sequence.advance_to(96) == 96
        assert (await numbers.next(at=AT)).text == "FR-2026-101"
        assert await sequence.get_next_value() == 106  # with its step
        tx.set_rollback()


def test_take_over_a_field(name: str, using: str) -> None:
    Saved.objects.using(using).all().delete()
    for tenant, number in (("a", 3), ("a", 17), ("b", 5)):
        Saved.objects.using(using).create(name=tenant, number=number)
    numbers = sync.Numbering(name, "{number}", scope=["tenant"], using=using)
    with pytest.raises(errors.NotInTransaction):
        numbers.take_over(Saved.number, tenant=Saved.name)
    expected = {f"{name}/tenant=a": 17, f"{name}/tenant=b": 5}
    with transaction.atomic(using=using):
        taken = numbers.take_over(Saved.number, tenant=Saved.name)
        assert (taken.counters, taken.unread) == (expected, ())
        assert numbers.next(tenant="b").number == 6


@pytest.mark.parametrize("wait", [{"nowait": True}, {"timeout": 0.05}])
def test_it_neednt_wait(name: str, wait: dict[str, Any]) -> None:
    numbers = made(sync, name, "default").bind(tenant=7, entity="FR")
    held = elsewhere(lambda: numbers.next(at=AT.replace(2023)), "default")
    with held, transaction.atomic(using="default"):
        # The same queue for all years.
        with pytest.raises(errors.SequenceLocked), transaction.atomic():
            numbers.next(**wait)
        with pytest.raises(errors.SequenceLocked), transaction.atomic():
            numbers.next_many(2, **wait)
    with transaction.atomic():
        assert numbers.next(timeout=DEADLINE).number == 1


def test_a_clock_that_jumps_is_djangos_error(
    name: str, using: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([AT.replace(2020), AT.replace(2021), AT.replace(2022)])
    clock = type("Clock", (), {"now": lambda: AT.replace(2023), "learn": repr})
    monkeypatch.setattr("aseq.numbering._plans.from_microseconds", lambda _: next(told))
    monkeypatch.setattr("aseq.numbering._draw.CLOCK", clock)
    with pytest.raises(OperationalError) as caught, transaction.atomic(using=using):
        made(sync, name, using).next(tenant=7, entity="FR")
    assert isinstance(caught.value, errors.UnsteadyClock)


def test_it_can_be_compared_hashed_and_bound() -> None:
    numbers = made(sync, "x")
    assert numbers == made(sync, "x")
    assert len({numbers, made(sync, "x"), made(sync, "x", using="sqlite")}) == 2
    assert numbers.bind(tenant=1).bound == {"tenant": "1"}
    assert type(numbers.bind(tenant=1)) is sync.Numbering
    assert numbers != made(aseq.django, "x")
    with pytest.raises(AttributeError):
        numbers.using = "default"


def test_allocate(name: str, using: str) -> None:
    cases = sync.Sequence(f"{name}-cases", 1000, using=using)
    plain = AsyncSequence(f"{name}-plain")
    invoices = made(sync, name, using).bind(tenant=7, entity="FR")
    with transaction.atomic(using=using):
        numbers = sync.allocate({cases: 2, plain: 1, invoices: 3}, timeout=DEADLINE)
        assert list(numbers) == [cases, plain, invoices]
        assert (numbers[cases], numbers[plain]) == (range(1000, 1002), range(1, 2))
        assert [each.number for each in numbers[invoices]] == [1, 2, 3]
        transaction.set_rollback(True, using=using)


async def test_allocate_in_async_code(name: str, using: str) -> None:
    cases = aseq.django.Sequence(f"{name}-cases", 1000, using=using)
    plain = AsyncSequence(f"{name}-plain")
    invoices = made(aseq.django, name, using).bind(tenant=7, entity="FR")
    async with aatomic(using) as tx:
        numbers = await aseq.django.allocate({cases: 2, plain: 1, invoices: 3})
        assert list(numbers) == [cases, plain, invoices]
        assert (numbers[cases], numbers[plain]) == (range(1000, 1002), range(1, 2))
        assert [each.number for each in numbers[invoices]] == [1, 2, 3]
        tx.set_rollback()


@pytest.mark.parametrize(
    ("wanted", "more", "error"),
    [
        ({AsyncSequence("x"): 1}, {}, errors.NotInTransaction),
        ({AsyncSequence("x"): -1}, {}, aseq.InvalidSequence),
        ({AsyncSequence("x"): 0}, {"timeout": -1}, aseq.InvalidSequence),
        ({AsyncSequence("x"): 1}, {"timeout": 1, "nowait": True}, aseq.InvalidSequence),
        ({"x": 1}, {}, aseq.InvalidSequence),
        ([AsyncSequence("x")], {}, aseq.InvalidSequence),
        ({numbering.Numbering("x", "{number}", scope=["y"]): 1}, {}, aseq.InvalidSequence),
        ({sync.Sequence("x", using="sqlite"): 1}, {"using": "default"}, aseq.InvalidSequence),
    ],
)
def test_allocate_refuses(wanted: Any, more: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        sync.allocate(wanted, **more)
    with pytest.raises(error) as awaited:
        async_to_sync(aseq.django.allocate)(wanted, **more)
    if error is aseq.InvalidSequence:
        assert str(awaited.value) == str(caught.value)


def test_allocate_nothing() -> None:
    nothing = AsyncSequence("x")
    assert sync.allocate({nothing: 0})[nothing] == range(0)
    assert async_to_sync(aseq.django.allocate)({nothing: 0})[nothing] == range(0)
