"""Sequences that share a queue: drawn from in any order, without a deadlock."""

from __future__ import annotations

import random

import anyio
import pytest

from aseq import AsyncSequence
from tests.database import Database

pytestmark = pytest.mark.only(dialect="postgresql")

TASKS, ROUNDS, NAMES = 4, 8, 3


async def storm(database: Database, sequences: list[AsyncSequence]) -> list[Exception]:
    """Transactions that draw from all sequences, each in an order of its own."""
    errors: list[Exception] = []

    async def work(number: int) -> None:
        choose = random.Random(number)
        async with database.connect() as client:
            for _ in range(ROUNDS):
                try:
                    async with client.transaction():
                        for seq in choose.sample(sequences, k=NAMES):
                            verb = choose.choice(
                                (AsyncSequence.next_value, AsyncSequence.delete)
                            )
                            await verb(seq, client.conn)
                            await seq.advance_to(client.conn, 1)
                except Exception as exc:
                    errors.append(exc)

    async with anyio.create_task_group() as group:
        for number in range(TASKS):
            group.start_soon(work, number)
    return errors


async def test_no_deadlock_within_a_queue(database: Database, name: str) -> None:
    names = [f"{name}/{number}" for number in range(NAMES)]

    assert await storm(database, [AsyncSequence(each, queue=name) for each in names]) == []
