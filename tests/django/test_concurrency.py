"""Threads that draw from one sequence at once, and roll some of it back."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import asyncpg
import pytest
import sequences
from django.db import connection, connections, transaction
from django.test.utils import override_settings

from aseq import AsyncSequence
from aseq.django import sync
from aseq.testing import assert_gapless
from tests.django.storm import SEED, saved, work
from tests.django.threads import DEADLINE, in_threads, start, until_waiting


def test_gapless(name: str, using: str) -> None:
    draw = partial(sync.get_next_value, name, using=using)
    in_threads(*[partial(work, draw, name, using)] * 4)
    numbers = saved(name, using)
    assert len(numbers) > 60
    assert_gapless(numbers)
    assert sync.get_last_value(name, using=using) == len(numbers)


def test_a_draw_waits_until_the_other_transaction_ends(name: str) -> None:
    order: list[object] = []

    def draw() -> None:
        with transaction.atomic():
            order.append(sync.get_next_value(name))

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            order.append(sync.get_next_value(name))
            [other] = start(pool, draw)
            until_waiting()
            order.append("commit")
        other.result(DEADLINE)
    assert order == [1, "commit", 2]


@pytest.fixture
def seed_table() -> Iterator[None]:
    """The table of django-sequences, which a project that uses both has already."""
    with override_settings(ASEQ_TABLE=SEED):
        yield


@pytest.mark.usefixtures("seed_table")
def test_beside_django_sequences(name: str) -> None:
    ours = partial(sync.get_next_value, name)
    theirs = partial(sequences.get_next_value, name)
    in_threads(*[partial(work, draw, name, "default") for draw in (ours, theirs) * 2])
    numbers = saved(name, "default")
    assert len(numbers) > 60
    assert_gapless(numbers)
    assert sequences.get_last_value(name) == sync.get_last_value(name) == len(numbers)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM aseq_sequence WHERE name = %s", [name])
        assert cursor.fetchone() == (0,)


def test_beside_a_service_on_asyncpg(name: str) -> None:
    service = partial(asyncio.run, serve(name))
    theirs = partial(sequences.get_next_value, name)
    in_threads(service, *[partial(work, theirs, name, "default")] * 2)
    numbers = saved(name, "default")
    assert len(numbers) > 60
    assert_gapless(numbers)


async def serve(name: str, rounds: int = 50) -> None:
    """A program that shares the database, and the sequence, with the Django project."""
    invoices = AsyncSequence(name, table=SEED)
    options = connections["default"].settings_dict
    service = await asyncpg.connect(
        host=options["HOST"],
        port=options["PORT"] or None,
        user=options["USER"] or None,
        password=options["PASSWORD"] or None,
        database=options["NAME"],
    )
    try:
        for _ in range(rounds):
            with contextlib.suppress(ZeroDivisionError):
                async with service.transaction():
                    number = await invoices.next_value(service)
                    await service.execute(
                        "INSERT INTO shop_saved (name, number) VALUES ($1, $2)", name, number
                    )
                    number / random.randrange(3)
    finally:
        await service.close()
