"""`aseq.django.Issuer`: rows that are saved get their numbers, under every kind of loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, connections, transaction
from django.db.transaction import TransactionManagementError

from aseq import AsyncSequence, InvalidSequence, IssuerFull, IssueTimeout, NotIssuable
from aseq.django import Issuer, Numbering, aatomic, advance_to, get_next_value, sync
from aseq.django import Sequence as DjangoSequence
from aseq.issuing import Issued
from tests.django.server import observed
from tests.django.shop.models import Paper, Saved


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    for using in ("default", "sqlite"):
        Paper.objects.using(using).all().delete()
        Saved.objects.using(using).all().delete()


async def drafts(using: str, count: int, **values: Any) -> list[int]:
    """Save so many, each committed."""
    return [(await Paper.objects.using(using).acreate(**values)).pk for _ in range(count)]


async def numbers(using: str) -> list[int]:
    """What is saved, in order."""
    rows = Paper.objects.using(using).exclude(number=None).order_by("number")
    return [number async for number in rows.values_list("number", flat=True)]


async def test_numbers_are_committed_and_kept(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)
    keys = await drafts(using, 20)

    told = await asyncio.gather(*(issuer.issue(key) for key in keys))

    assert sorted(told) == list(range(1, 21))
    assert await numbers(using) == list(range(1, 21))
    assert await asyncio.gather(*(issuer.issue(key) for key in keys)) == told
    await sync_to_async(connections.close_all)()


async def test_what_gives_the_numbers(name: str, using: str) -> None:
    keys = await drafts(using, 4)
    whats: tuple[Any, ...] = (
        AsyncSequence(name),
        DjangoSequence(name, 1, using=using),
        sync.Sequence(name, using=using),
        name,
    )
    for number, (key, what) in enumerate(zip(keys, whats, strict=True), 1):
        assert await Issuer(Paper, "number", what, using=using).issue(key) == number
    await sync_to_async(connections.close_all)()


async def test_a_numbering_with_scopes_and_a_moment(name: str, using: str) -> None:
    numbering = Numbering(
        name, "{tenant}-{year}-{number}", period="year", tz="UTC", using=using
    )
    issuer = Issuer(Paper, "code", numbering, scope={"tenant": "tenant"}, at_field="issued_at")
    keys = [key for t in "ab" for key in await drafts(using, 2, tenant=t)]

    told = await asyncio.gather(*(issuer.issue(key) for key in keys))

    rows = [row async for row in Paper.objects.using(using).order_by("code")]
    assert [row.code for row in rows] == sorted(told)
    assert told[0].startswith("a-2")
    assert [text.rpartition("-")[2] for text in sorted(told)] == ["1", "2", "1", "2"]
    assert all(row.issued_at and str(row.issued_at.year) in row.code for row in rows)
    await sync_to_async(connections.close_all)()


async def test_a_row_that_is_refused_harms_nobody(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)
    good, bad = await drafts(using, 8), await drafts(using, 2, text="bad")
    keys = [*good[:3], bad[0], *good[3:], bad[1], -1]

    told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    wrong = {key: each for key, each in zip(keys, told, strict=True) if key not in good}
    assert isinstance(wrong[bad[0]], IntegrityError)
    assert isinstance(wrong[bad[1]], IntegrityError)
    assert isinstance(wrong[-1], NotIssuable)
    assert isinstance(wrong[-1], ObjectDoesNotExist)
    assert await numbers(using) == list(range(1, 9))
    await sync_to_async(connections.close_all)()


async def test_asked_inside_of_the_block_that_saves_the_draft(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    async with aatomic():
        draft = await Paper.objects.acreate()
        with pytest.raises(NotIssuable) as caught:
            await issuer.issue(draft.pk)
    assert "was deleted, or isn't committed yet" in str(caught.value)
    assert "Leave the atomic block that saves the draft first" in str(caught.value)
    assert await issuer.issue(draft.pk) == 1
    await sync_to_async(connections.close_all)()


async def test_the_callers_own_block_holds_the_sequence(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    keys = await drafts("default", 2)
    async with aatomic():
        assert await get_next_value(name) == 1
        with pytest.raises(IssueTimeout):
            await issuer.issue(keys[0], timeout=0.3)
    assert [await issuer.issue(key) for key in keys] == [2, 3]
    await sync_to_async(connections.close_all)()


async def test_it_has_no_connection_when_there_is_nothing_to_do(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    [key] = await drafts("default", 1)
    await sync_to_async(connections.close_all)()
    async with observed() as (server, _):
        before = len(server.all())
        assert await issuer.issue(key) == 1
        await server.until(lambda: len(server.all()) == before)


def test_each_event_loop_has_its_own(name: str, using: str) -> None:
    issuer = Issuer(Paper, "number", name, using=using)

    async def one() -> int:
        [key] = await drafts(using, 1)
        number = await issuer.issue(key)
        await sync_to_async(connections.close_all)()
        return number

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [asyncio.run(one()), asyncio.run(one()), async_to_sync(one)()] == [1, 2, 3]
        gc.collect()


def test_the_end_of_a_loop_is_no_error(name: str, caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer(Paper, "number", name)

    async def one() -> None:
        [key] = await drafts("default", 1)
        await issuer.issue(key)
        await sync_to_async(connections.close_all)()

    with caplog.at_level(logging.DEBUG, "aseq"):
        asyncio.run(one())
    assert not caplog.records


async def test_who_comes_after_its_task_died_starts_another(name: str) -> None:
    issuer = Issuer(Paper, "number", name)
    keys = await drafts("default", 2)
    assert await issuer.issue(keys[0]) == 1
    [desk] = issuer._desks._desks.values()
    desk._task.cancel()
    await asyncio.wait([desk._task])
    assert await issuer.issue(keys[1]) == 2
    await sync_to_async(connections.close_all)()


async def test_a_killed_backend_costs_no_number(name: str) -> None:
    issuer = Issuer(Paper, "number", name, timeout=60)
    keys = await drafts("default", 60)
    await sync_to_async(connections.close_all)()
    async with aatomic():
        await advance_to(0, name)
    async with observed() as (server, other):
        with other.holding(name):
            asking = [asyncio.ensure_future(issuer.issue(key)) for key in keys]
            await server.until_waiting()
            killed = [pid for pid, _, wait in server.all() if wait == "Lock"]
            for pid in killed:
                server.rows("SELECT pg_terminate_backend(%s)", pid)
        told = await asyncio.gather(*asking)
    assert killed
    assert sorted(told) == await numbers("default") == list(range(1, 61))
    await sync_to_async(connections.close_all)()


async def test_hooks_are_in_the_transaction(name: str, using: str) -> None:
    seen: list[list[Any]] = []
    committed: list[int] = []

    def write(issued: Sequence[Issued]) -> None:
        seen.append([each.key for each in issued])
        for each in issued:
            Saved.objects.using(using).create(name=name, number=each.number)
            transaction.on_commit(lambda key=each.key: committed.append(key), using=using)
        if any(each.key == refused for each in issued):
            raise ZeroDivisionError

    issuer = Issuer(Paper, "number", name, on_issued=write, using=using)
    good, bad = await drafts(using, 6), await drafts(using, 1, text="bad")
    [refused] = await drafts(using, 1)
    keys = [*good, *bad, refused]

    told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    assert [type(each) for each in told[6:]] == [IntegrityError, ZeroDivisionError]
    rows = Saved.objects.using(using).filter(name=name).order_by("number")
    assert [row.number async for row in rows] == list(range(1, 7)) == told[:6]
    assert sorted(committed) == sorted(good)
    await sync_to_async(connections.close_all)()


async def test_a_hook_that_swallows_an_error(name: str, using: str) -> None:
    def swallow(issued: Sequence[Issued]) -> None:
        if any(each.key == bad for each in issued):
            try:
                with transaction.atomic(using=using, savepoint=False):
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    issuer = Issuer(Paper, "number", name, on_issued=swallow, using=using)
    [bad, *good] = await drafts(using, 5)

    told = await asyncio.gather(*map(issuer.issue, [bad, *good]), return_exceptions=True)

    assert isinstance(told[0], TransactionManagementError)
    assert told[1:] == [1, 2, 3, 4]
    assert await numbers(using) == [1, 2, 3, 4]
    await sync_to_async(connections.close_all)()


async def test_on_begin_is_told_to_all(name: str) -> None:
    def refuse() -> None:
        raise ZeroDivisionError

    issuer = Issuer(Paper, "number", name, on_begin=refuse)
    keys = await drafts("default", 3)
    told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
    assert [type(each) for each in told] == [ZeroDivisionError] * 3
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_groups_are_read_committed(name: str, isolation: str) -> None:
    seen: list[str] = []

    def look() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            seen.append(cursor.fetchone()[0])

    def change(isolation: str) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                f"ALTER ROLE current_user SET default_transaction_isolation = '{isolation}'"
            )

    issuer = Issuer(Paper, "number", name, on_begin=look)
    [key] = await drafts("default", 1)
    await sync_to_async(change)(isolation)
    try:
        assert await issuer.issue(key) == 1
    finally:
        await sync_to_async(change)("read committed")
    assert seen == ["read committed"]
    await sync_to_async(connections.close_all)()


async def test_it_never_touches_the_connection_of_its_caller(name: str) -> None:
    # A request's thread: what is issued there must not be on its connection.
    issuer = Issuer(Paper, "number", name)

    async def request() -> int:
        async with ThreadSensitiveContext():
            draft = await Paper.objects.acreate()
            number = await issuer.issue(draft.pk)
            await sync_to_async(connections.close_all)()
            return number

    told = await asyncio.gather(
        *(asyncio.create_task(request(), context=contextvars.Context()) for _ in range(10))
    )
    assert sorted(told) == list(range(1, 11))


async def test_bounds(name: str) -> None:
    issuer = Issuer(Paper, "number", name, limit=1)
    keys = await drafts("default", 2)
    told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
    assert told[0] == 1
    assert isinstance(told[1], IssuerFull)
    await sync_to_async(connections.close_all)()


def test_arguments(name: str) -> None:
    anything: Any = Issuer
    for args, options, argument in (
        (("Paper", "number", name), {}, "model"),
        ((Paper, "nothing", name), {}, "field"),
        ((Paper, 3, name), {}, "field"),
        ((Paper, "number", 3), {}, "what"),
        ((Paper, "number", name), {"timeout": 0}, "timeout"),
        ((Paper, "number", name), {"limit": 0}, "limit"),
        ((Paper, "number", name), {"scope": {"tenant": "tenant"}}, "scope"),
        ((Paper, "number", name), {"scope": "tenant"}, "scope"),
        ((Paper, "number", name), {"at_field": "issued_at"}, "at_field"),
        ((Paper, "id", name), {}, "key"),
    ):
        with pytest.raises(InvalidSequence) as caught:
            anything(*args, **options)
        assert caught.value.argument == argument, str(caught.value)

    async def hook(*_: object) -> None:
        return

    for option in ("on_begin", "on_issued"):
        with pytest.raises(TypeError, match="isn't async"):
            anything(Paper, "number", name, **{option: hook})
