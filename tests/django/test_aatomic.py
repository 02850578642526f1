"""`aatomic` and the functions that draw in it, where no request and no sync code is around."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.transaction import TransactionManagementError
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory
from django.test.utils import override_settings
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

import aseq.django
from aseq import AsyncSequence
from aseq.django import aatomic, get_next_value, get_next_values
from aseq.django.errors import NotInTransaction, SequenceTableMissing
from tests.django.saved import last, save, saved


async def test_a_number_and_its_row_are_committed_together(name: str, using: str) -> None:
    async with aatomic(using):
        assert await save(name, using) == 1
        assert await save(name, using) == 2
    assert await saved(name, using) == [1, 2]
    assert await last(name, using) == 2


async def test_a_rollback_gives_the_number_back(name: str, using: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with aatomic(using):
            await save(name, using)
            raise ZeroDivisionError
    assert await last(name, using) is None
    async with aatomic(using) as tx:
        assert await save(name, using) == 1
        tx.set_rollback()
    assert (await last(name, using), await saved(name, using)) == (None, [])
    async with aatomic(using) as tx:
        tx.set_rollback()
        assert await save(name, using) == 1
        tx.set_rollback(False)
    assert await saved(name, using) == [1]


async def test_every_function(name: str, using: str) -> None:
    seq = aseq.django.Sequence(name, 10, 13, using=using)
    async with aatomic(using):
        assert await seq.get_last_value() is None
        assert [await seq.get_next_value(), *await seq.get_next_values(2)] == [10, 11, 12]
        assert await seq.get_next_value(nowait=True) == 10
        async for number in seq:
            assert number == 11
            break
        assert await seq.advance_to(12) == 12
        assert await seq.get_last_value() == 12
        assert await seq.delete()
        assert await aseq.django.advance_to(7, name, using=using) == 7
        assert await get_next_values(2, name, using=using) == range(8, 10)
        assert await get_next_values(0, name, using=using) == range(0)
        assert await aseq.django.delete(name, using=using)
        assert not await aseq.django.delete(name, using=using)
    assert repr(seq) == f"Sequence('{name}', 10, 13, using='{using}')"


def test_the_names_with_an_a_are_the_same_objects() -> None:
    for name in set(aseq.django.__all__) - {"Sequence", "aatomic"}:
        if f"a{name}" in aseq.django.__all__:
            assert getattr(aseq.django, name) is getattr(aseq.django, f"a{name}")
        else:
            assert name.removeprefix("a") in aseq.django.__all__


async def test_the_block_is_a_connection(name: str, using: str) -> None:
    seq = AsyncSequence(name)
    async with aatomic(using) as tx:
        assert await seq.next_value(tx) == 1
        assert await seq.next_values(tx, 2) == range(2, 4)
        assert await get_next_value(name, using=using) == 4
        assert await seq.last_value(tx) == 4
        with pytest.raises(SequenceTableMissing):
            await AsyncSequence(name, table="nowhere").next_value(tx)
    assert await last(name, using) is None  # a database error aborts the block
    with pytest.raises(NotInTransaction, match="the block is over"):
        await seq.next_value(tx)


async def test_outside_a_block_nothing_is_written(name: str, using: str) -> None:
    seq = aseq.django.Sequence(name, using=using)
    writes: list[Callable[[], Awaitable[Any]]] = [
        seq.get_next_value,
        lambda: seq.get_next_values(2),
        lambda: seq.advance_to(5),
        seq.delete,
        seq.__anext__,
    ]
    for write in writes:
        with pytest.raises(NotInTransaction) as caught:
            await write()
        assert caught.value.hint == f"use it inside `async with aatomic(using='{using}'):`"
    assert await last(name, using) is None


async def test_a_block_on_another_database_doesnt_count(name: str, using: str) -> None:
    [other] = {"default", "sqlite"} - {using}
    async with aatomic(other):
        with pytest.raises(NotInTransaction, match=re.escape(f"aatomic(using='{using}')")):
            await get_next_value(name, using=using)


async def test_a_finished_block_is_refused(name: str) -> None:
    drawing, over = asyncio.Event(), asyncio.Event()

    async def child() -> int:
        await over.wait()
        return await get_next_value(name)

    async with aatomic():
        task = asyncio.create_task(child())
        drawing.set()
    over.set()
    with pytest.raises(NotInTransaction, match="the block is over"):
        await task
    assert await last(name) is None


async def test_the_setting_allows_it(name: str, using: str) -> None:
    with override_settings(ASEQ_REQUIRE_TRANSACTION=False):
        assert await get_next_value(name, using=using) == 1
        assert await get_next_value(name, using=using) == 2
    assert await last(name, using) == 2


async def test_a_nested_block_is_a_savepoint(name: str, using: str) -> None:
    async with aatomic(using):
        assert await save(name, using) == 1
        with pytest.raises(ZeroDivisionError):
            async with aatomic(using):
                assert await save(name, using) == 2
                raise ZeroDivisionError
        assert await save(name, using) == 2
        async with aatomic(using):
            assert await save(name, using) == 3
    assert await saved(name, using) == [1, 2, 3]


async def test_without_a_savepoint_the_outer_block_rolls_back(name: str, using: str) -> None:
    async with aatomic(using):
        with pytest.raises(ZeroDivisionError):
            async with aatomic(using, savepoint=False):
                await save(name, using)
                raise ZeroDivisionError
        with pytest.raises(TransactionManagementError, match="until the end of the 'atomic'"):
            await save(name, using)
    assert await last(name, using) is None


async def test_durable_refuses_to_be_nested(name: str, using: str) -> None:
    async with aatomic(using, durable=True):
        with pytest.raises(RuntimeError, match="durable atomic block cannot be nested"):
            async with aatomic(using, durable=True):
                pytest.fail("entered")
        assert await save(name, using) == 1
    assert await saved(name, using) == [1]


async def test_two_databases_at_once(name: str) -> None:
    async with aatomic(), aatomic("sqlite"):
        assert [await save(name, "default"), await save(name, "sqlite")] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        async with aatomic("sqlite"):
            async with aatomic():
                assert [await save(name, "default"), await save(name, "sqlite")] == [2, 2]
            raise ZeroDivisionError
    assert [await saved(name, "default"), await saved(name, "sqlite")] == [[1, 2], [1]]


async def test_as_a_decorator(name: str) -> None:
    @aatomic
    async def bare(*, fails: bool = False) -> int:
        """Its text."""
        number = await save(name, "default")
        if fails:
            raise ZeroDivisionError
        return number

    @aatomic(using="sqlite")
    async def called() -> int:
        return await save(name, "sqlite")

    assert (bare.__name__, bare.__doc__) == ("bare", "Its text.")
    with pytest.raises(ZeroDivisionError):
        await bare(fails=True)
    assert sorted(await asyncio.gather(*[bare() for _ in range(5)])) == [1, 2, 3, 4, 5]
    assert [await called(), await called()] == [1, 2]
    assert [await saved(name), await saved(name, "sqlite")] == [[1, 2, 3, 4, 5], [1, 2]]
    with pytest.raises(TypeError, match="aatomic decorates async functions"):
        aatomic(lambda: 1)  # type: ignore[arg-type, return-value]


async def test_as_a_decorator_of_views(name: str) -> None:
    """As Django decorates methods, whatever marks a function as async."""

    class Issue(View):
        @method_decorator(aatomic)
        async def post(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(await save(name, "default"))

        @aatomic()
        @method_decorator(never_cache)
        async def put(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(await save(name, "default"))

    for method in ("post", "put"):
        await Issue.as_view()(getattr(AsyncRequestFactory(), method)("/"))
    assert await aatomic(sync_to_async(lambda: 1))() == 1
    assert await saved(name) == [1, 2]


async def test_one_object_entered_many_times(name: str) -> None:
    block = aatomic()

    async def draw() -> None:
        async with block:
            await save(name, "default")
            async with block:
                await save(name, "default")

    await asyncio.gather(*[draw() for _ in range(5)])
    assert await saved(name) == list(range(1, 11))


async def test_on_commit(name: str) -> None:
    called: list[object] = []

    def in_a_transaction() -> None:
        called.append(connections["default"].in_atomic_block)

    async with aatomic() as tx:
        tx.on_commit(in_a_transaction)
        async with aatomic() as inner:
            inner.on_commit(lambda: called.append("inner"))
        async with aatomic() as inner:
            inner.on_commit(lambda: called.append("never"))
            inner.set_rollback()
        with pytest.raises(ZeroDivisionError):
            async with aatomic() as inner:
                inner.on_commit(lambda: called.append("never"))
                raise ZeroDivisionError
        assert called == []
    assert called == ["inner", False]
    for hook in (saved, sync_to_async(in_a_transaction)):
        with pytest.raises(TypeError, match="isn't async"):
            tx.on_commit(hook)  # type: ignore[arg-type]
