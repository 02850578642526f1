"""`allocate` with numberings beside sequences: one statement, one moment for each numbering."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence, InvalidSequence, SequenceExhausted, SequenceLocked, allocate
from aseq.numbering import DocumentNumber, Numbering
from tests import clients
from tests.blocks import Undo, backend_pid
from tests.cases import Case
from tests.clients import Client
from tests.codes import code
from tests.database import Database
from tests.faults.aftermath import commit_anyway
from tests.numbering.midnight import SECOND, new_year, now, until
from tests.observer import observing

WAYS: list[dict[str, Any]] = [{}, {"nowait": True}, {"timeout": 20}]


def two(name: str) -> tuple[AsyncSequence, Numbering]:
    receipts = Numbering(
        f"{name}-r", "R-{year}-{number:03}", scope=["tenant"], period="year", tz="UTC"
    )
    return AsyncSequence(name), receipts


@pytest.mark.parametrize("waiting", WAYS, ids=str)
async def test_both_at_once(database: Database, name: str, waiting: dict[str, Any]) -> None:
    seq, receipts = two(name)
    one, other = receipts.bind(tenant=1), receipts.bind(tenant=2)
    plain = Numbering(f"{name}-p", "P{number}", initial_value=10, step=5)
    async with database.connect() as client:
        async with client.transaction():
            drawn = await allocate(client.conn, {other: 2, seq: 3, one: 1, plain: 2}, **waiting)
        async with client.transaction():
            again = await allocate(client.conn, {one: 1, seq: 1, plain: 1}, **waiting)
            following = await other.next(client.conn)

    year = drawn[other][0].at.year
    assert list(drawn) == [other, seq, one, plain]
    assert drawn[seq] == range(1, 4)
    assert [each.text for each in drawn[other]] == [f"R-{year}-001", f"R-{year}-002"]
    assert [each.text for each in drawn[one]] == [f"R-{year}-001"]
    assert [each.text for each in drawn[plain]] == ["P10", "P15"]
    assert len({each.at for each in drawn[other]}) == 1
    assert drawn[other][0].scope == {"tenant": "2"}
    assert abs(now() - drawn[other][0].at) < 60 * SECOND
    assert again[seq] == range(4, 5)
    assert (again[one][0].number, again[plain][0].text) == (2, "P20")
    assert (following.number, following.sequence) == (3, drawn[other][0].sequence)
    assert again[one][0].at > drawn[one][0].at or database.case.dialect == "sqlite"


async def test_over_midnight(database: Database, name: str) -> None:
    """Whoever waits for one of them gets numbers of the new year of all that have one."""
    await over_midnight(database, name, "draw")


@pytest.mark.parametrize("by", ["queue", "row"])
async def test_over_midnight_in_the_queue_and_on_the_row_alone(
    postgres: str, name: str, by: str
) -> None:
    database = Database(Case(clients.Asyncpg, "postgresql"), postgres)
    database.create_tables()
    await over_midnight(database, name, by)


async def over_midnight(database: Database, name: str, by: str) -> None:
    for number, delay in enumerate((0.7, 5, 60)):
        if await _over_midnight(database, f"{name}-{number}", delay, by):
            return
    raise AssertionError("the machine is too slow")


async def _over_midnight(database: Database, name: str, delay: float, by: str) -> bool:
    midnight = now() + delay * SECOND
    seq, numbers = AsyncSequence(f"{name}-a"), new_year(name, midnight, "east")
    old = numbers.span(midnight - SECOND).period
    if by == "row":
        database.run(f"INSERT INTO aseq_sequence (name, last) VALUES ('{name}/{old}', 41)")
    issued: list[Any] = []
    began = midnight

    async def wait(client: Client) -> None:
        nonlocal began
        began = now()
        async with client.transaction():
            issued.append(await allocate(client.conn, {seq: 2, numbers: 2}))
            await client.save(name, issued[0][numbers][-1].number)

    async def hold(client: Client) -> None:
        if by == "row":
            await client.execute(
                f"UPDATE aseq_sequence SET last = last + 1 WHERE name = '{name}/{old}'"
            )
        else:
            long_ago = numbers.sequence(at=now() - 9_000 * 86_400 * SECOND)
            held = numbers.sequence(at=midnight - SECOND) if by == "draw" else long_ago
            await held.next_value(client.conn)

    async with database.connect() as holder, database.connect() as waiter:
        postgres = database.case.dialect == "postgresql"
        pid = await backend_pid(waiter) if postgres else 0
        async with anyio.create_task_group() as group, holder.transaction():
            await hold(holder)
            group.start_soon(wait, waiter)
            if postgres:
                with observing(database.url) as observer:
                    await observer.until_waiting(pid)
            await until(midnight)
    if began >= midnight:
        return False
    [drawn] = issued
    numbered: Sequence[DocumentNumber] = drawn[numbers]
    assert drawn[seq] == range(1, 3)
    assert [each.number for each in numbered] == [1, 2]
    assert {each.at for each in numbered} == {numbered[0].at}
    assert numbered[0].at >= midnight - SECOND / 1000 * (not postgres)
    assert numbered[0].period == numbers.span(midnight).period
    assert database.last(f"{name}-a") == 2
    assert database.last(f"{name}/{old}") == {"draw": 1, "queue": None, "row": 42}[by]
    return True


async def test_one_more_is_at_its_end(database: Database, name: str) -> None:
    """What was drawn from the others is lost, whichever they are."""
    seq, receipts = two(name)
    full = receipts.bind(tenant=1)
    errors = list[SequenceExhausted]()
    async with database.connect() as client:
        async with client.transaction():
            await full.sequence().advance_to(client.conn, 2**63 - 1)

        async def swallow() -> None:
            with pytest.raises(SequenceExhausted) as caught:
                await allocate(client.conn, {full: 1, seq: 1})
            errors.append(caught.value)

        await commit_anyway(client, name, swallow)

    assert errors[0].sequence == full.sequence().name
    assert database.saved(f"{name}-other") == []
    assert database.last(name) is None


async def test_refused(database: Database, name: str) -> None:
    seq, receipts = two(name)
    bound = receipts.bind(tenant=1)
    moved = Numbering("elsewhere", "{number}", table="billing.numbers")
    refused: list[tuple[Any, str]] = [
        ({seq: 1, receipts: 1}, "tenant isn't bound: bind(tenant=...) does that"),
        ({bound: -1}, "count must be an integer of at least 0, not -1"),
        (
            {bound: 1, bound.sequence(): 1},
            f"sequences has two called {bound.sequence().name!r}: one name is one sequence",
        ),
        (
            {seq: 1, moved: 1},
            "sequences must be in one table, not aseq_sequence, billing.numbers",
        ),
        (
            {seq: 1, "receipts": 1},
            "sequences has 'receipts', which is neither an AsyncSequence nor a Numbering",
        ),
        ([], "wanted must be a mapping from sequences to how many numbers, not []"),
    ]
    async with database.connect() as client, client.transaction():
        for wanted, text in refused:
            with pytest.raises(InvalidSequence) as caught:
                await allocate(client.conn, wanted)
            assert str(caught.value) == text
        assert (await allocate(client.conn, {bound: 0}))[bound] == []
        await client.save("usable", 1)


@pytest.mark.only(dialect="postgresql")
async def test_held_by_another(database: Database, name: str) -> None:
    seq, receipts = two(name)
    bound = receipts.bind(tenant=1)
    wanted: dict[AsyncSequence | Numbering, int] = {seq: 1, bound: 1}
    async with database.connect() as holder, database.connect() as client:
        async with holder.transaction():
            await bound.next(holder.conn)
            async with client.transaction():
                with anyio.fail_after(20), pytest.raises(SequenceLocked) as caught:
                    await allocate(client.conn, wanted, nowait=True)
                await client.save(name, 1)
        async with client.transaction():
            drawn = await allocate(client.conn, wanted, nowait=True)

    assert caught.value.sequence == f"{name}, {bound.sequence().name}"
    assert drawn[bound][0].number == 2
    assert database.saved(name) == [1]


WORKERS, ROUNDS = 10, 30
Drawn = list[tuple[str, int]]


async def draw_three(client: Client, family: Sequence[Any], chance: random.Random) -> Drawn:
    """Of three at once, and once more of one that is held then."""
    chosen = chance.sample(family, 3)
    wanted = {each: chance.randint(1, 2) for each in chosen}
    drawn = await allocate(client.conn, wanted)
    numbers = [pair for key in chosen for pair in named(key, drawn[key])]
    return numbers + await draw_one(client, chosen, chance)


async def draw_one(client: Client, family: Sequence[Any], chance: random.Random) -> Drawn:
    """By whatever verb."""
    one = chance.choice(family)
    if isinstance(one, Numbering) and chance.random() < 0.5:
        return named(one, [await one.next(client.conn)])
    sequence = one.sequence() if isinstance(one, Numbering) else one
    return named(sequence, await sequence.next_values(client.conn, 2))


def named(key: Any, numbers: Sequence[Any]) -> Drawn:
    if isinstance(key, AsyncSequence):
        return [(key.name, number) for number in numbers]
    return [(issued.sequence.name, issued.number) for issued in numbers]


@pytest.mark.parametrize(
    "kind", [clients.Asyncpg, clients.SessionPsycopg], ids=lambda kind: kind.__name__
)
async def test_300_transactions_that_take_three_of_six_in_any_order(
    kind: type[Client], postgres: str, name: str
) -> None:
    """Beside others that draw from one of them: nobody waits in a circle."""
    database = Database(Case(kind, "postgresql"), postgres)
    database.create_tables()
    _, receipts = two(name)
    family: list[Any] = [AsyncSequence(f"{name}-{letter}") for letter in "abc"]
    family += [receipts.bind(tenant=tenant) for tenant in range(3)]
    errors: list[Exception] = []

    async def work(client: Client, chance: random.Random) -> None:
        for verb in (draw_three, draw_one):
            with suppress(Undo):
                async with client.transaction():
                    for series, number in await verb(client, family, chance):
                        await client.save(series, number)
                    if chance.random() < 0.2:
                        raise Undo

    async def worker(seed: int) -> None:
        chance = random.Random(seed)
        async with database.connect() as client:
            for _ in range(ROUNDS):
                try:
                    await work(client, chance)
                except Exception as exc:
                    errors.append(exc)

    async with anyio.create_task_group() as group:
        for seed in range(WORKERS):
            group.start_soon(worker, seed)

    assert [code(error) for error in errors] == []
    for each in family:
        counter = each.sequence() if isinstance(each, Numbering) else each
        saved, last = database.chain(counter.name)
        assert saved == list(range(1, (last or 0) + 1))
        assert last is not None
