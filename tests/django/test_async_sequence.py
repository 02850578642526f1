"""`AsyncSequence` on a connection of Django's: the project's settings count there, too."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections, transaction
from django.test.utils import override_settings

from aseq import AsyncSequence, NotInTransaction
from aseq.django import aatomic, get_last_value, get_next_value
from tests.django.saved import last

THEIRS = "sequences_sequence"


@override_settings(ASEQ_TABLE=THEIRS)
async def test_it_draws_from_the_projects_table(name: str, using: str) -> None:
    seq = AsyncSequence(name)
    async with aatomic(using) as tx:
        assert await get_next_value(name, using=using) == 1
        assert await seq.next_value(tx) == 2
        assert await seq.next_values(tx, 2) == range(3, 5)
        assert await seq.advance_to(tx, 9) == 9
        assert await seq.last_value(tx) == await get_last_value(name, using=using) == 9
        assert await seq.delete(tx)
        assert await get_last_value(name, using=using) is None
        assert await get_next_value(name, using=using) == 1
    with override_settings(ASEQ_TABLE="aseq_sequence"):
        assert await last(name, using) is None


@pytest.mark.parametrize(("table", "places"), [(THEIRS, 0), ("aseq_sequence", 1)])
async def test_it_queues_where_the_functions_do(name: str, table: str, places: int) -> None:
    """Nobody does on the table of django-sequences."""

    def queued() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
            [count] = cursor.fetchone()
            return int(count)

    with override_settings(ASEQ_TABLE=table):
        async with aatomic() as tx:
            await AsyncSequence(name).next_value(tx)
            assert await sync_to_async(queued)() == places
            await get_next_value(name)
            assert await sync_to_async(queued)() == places


async def test_a_table_of_its_own_is_its_own(name: str) -> None:
    with override_settings(ASEQ_TABLE=THEIRS):
        async with aatomic() as tx:
            assert await AsyncSequence(name).next_value(tx) == 1
            assert await AsyncSequence(name, table="public.aseq_sequence").next_value(tx) == 1
            assert await AsyncSequence(name).next_value(tx) == 2
    assert await last(name) == 1


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("setting", [True, False])
def test_the_setting_allows_what_would_commit_by_itself(
    name: str, setting: bool, required: bool
) -> None:
    """Here a savepoint that SQLite commits."""

    async def draw() -> int:
        async with aatomic("sqlite") as tx:
            return await AsyncSequence(name, require_transaction=required).next_value(tx)

    transaction.set_autocommit(False, using="sqlite")
    try:
        with override_settings(ASEQ_REQUIRE_TRANSACTION=setting):
            if setting and required:
                with pytest.raises(NotInTransaction, match="set_autocommit"):
                    async_to_sync(draw)()
            else:
                assert async_to_sync(draw)() == 1
    finally:
        transaction.rollback(using="sqlite")
        transaction.set_autocommit(True, using="sqlite")


async def test_other_tasks_see_their_own_settings(name: str) -> None:
    """Nothing is kept in the sequence: it may be shared."""
    seq = AsyncSequence(name)

    async def draw() -> int:
        async with aatomic() as tx:
            return await seq.next_value(tx)

    assert await draw() == 1
    with override_settings(ASEQ_TABLE=THEIRS):
        assert await asyncio.create_task(draw()) == 1
    assert await draw() == 2
    assert seq.table == "aseq_sequence"
