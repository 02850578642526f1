"""Queue, then row: who keeps to that order never meets a deadlock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import anyio
import pytest

from aseq import AsyncSequence, is_retryable
from tests.blocks import backend_pid, undone
from tests.cases import Case
from tests.clients import Asyncpg, Client, Psycopg, SessionAsyncpg, SessionPsycopg
from tests.codes import code
from tests.database import Database
from tests.observer import Observer, observing

KINDS: list[type[Client]] = [Asyncpg, Psycopg, SessionAsyncpg, SessionPsycopg]
TASKS, ROUNDS = 8, 8


@pytest.fixture
def observer(postgres: str) -> Iterator[Observer]:
    with observing(postgres) as observer:
        yield observer


@pytest.mark.parametrize("kind", KINDS)
async def test_row_first_then_queue_deadlocks(
    kind: type[Client], postgres: str, name: str, observer: Observer
) -> None:
    """What hand-written SQL can do, and why nothing in aseq takes the row first."""
    database = Database(Case(kind, "postgresql"), postgres)
    database.create_tables()
    database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}', 0)")
    seq, errors = AsyncSequence(name), list[Exception]()

    async def draw(client: Client) -> None:
        try:
            await client.save(name, await seq.next_value(client.conn))
        except Exception as exc:
            errors.append(exc)

    async def queued(client: Client) -> None:
        async with undone(client.transaction()):
            await draw(client)

    by_hand = f"UPDATE aseq_sequence SET last = last + 1 WHERE name = '{name}'"
    async with (
        database.connect() as one,
        database.connect() as other,
    ):
        pid = await backend_pid(other)
        async with anyio.create_task_group() as group, undone(one.transaction()):
            await one.execute(by_hand)  # holds the row
            group.start_soon(queued, other)  # holds the queue, waits for the row
            await observer.until_waiting(pid)
            await draw(one)  # waits for the queue

    assert [code(error) for error in errors] == ["40P01"]
    assert is_retryable(errors[0])


class Chronicle:
    """What happened to one sequence, in the order in which its lock was held."""

    def __init__(self) -> None:
        self.committed: int | None = None
        self.events: list[tuple[str, int, object]] = []

    def note(self, verb: str, argument: int, result: object) -> None:
        self.events.append((verb, argument, result))

    def replay(self) -> int | None:
        """Check each result against the ones before; the last value in the end."""
        committed = last = None
        for verb, argument, result in self.events:
            if verb == "end":
                committed = last = last if argument else committed
                continue
            last, expected = MODEL[verb](last, argument)
            assert result == expected, (verb, argument)
        return committed


MODEL: dict[str, Callable[[int | None, int], tuple[int | None, object]]] = {
    "next_value": lambda last, _: ((last or 0) + 1, (last or 0) + 1),
    "next_values": lambda last, n: (
        (last or 0) + n,
        range((last or 0) + 1, (last or 0) + n + 1),
    ),
    "advance_to": lambda last, value: (max(last or 0, value),) * 2,
    "delete": lambda last, _: (None, last is not None),
}


async def play(seq: AsyncSequence, client: Client, verb: str, argument: int) -> object:
    if verb in ("next_values", "advance_to"):
        return await getattr(seq, verb)(client.conn, argument)
    return await getattr(seq, verb)(client.conn)


async def transact(
    seq: AsyncSequence, client: Client, chance: random.Random, told: Chronicle, verbs: list[str]
) -> None:
    commits = chance.random() < 0.7
    block = client.transaction()
    async with block if commits else undone(block):
        for verb in chance.choices(verbs, k=3):
            argument = chance.randint(1, 20)
            told.note(verb, argument, await play(seq, client, verb, argument))
        told.note("end", commits, None)


async def storm(database: Database, seq: AsyncSequence, verbs: list[str]) -> Chronicle:
    told = Chronicle()

    async def work(number: int) -> None:
        chance = random.Random(number)
        async with database.connect() as client:
            for _ in range(ROUNDS):
                await transact(seq, client, chance, told, verbs)

    async with anyio.create_task_group() as group:
        for number in range(TASKS):
            group.start_soon(work, number)
    return told


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize(("fair", "left_out"), [(True, set()), (False, {"delete"})])
async def test_our_verbs_never_deadlock(
    database: Database, name: str, fair: bool, left_out: set[str]
) -> None:
    """Nor do they see anything but what was committed before: each result is replayed."""
    verbs = [verb for verb in MODEL if verb not in left_out]
    told = await storm(database, AsyncSequence(name, fair=fair), verbs)

    assert len(told.events) == TASKS * ROUNDS * 4
    assert told.replay() == database.last(name)


@pytest.mark.only(dialect="postgresql")
async def test_deleting_without_a_queue_never_deadlocks(database: Database, name: str) -> None:
    """It can't wait for a row that it doesn't see, so there is no order to replay."""
    told = await storm(database, AsyncSequence(name, fair=False), list(MODEL))

    assert len(told.events) == TASKS * ROUNDS * 4
