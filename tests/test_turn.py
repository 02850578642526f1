"""Waiting in the process: so many tasks go on, in order, and nobody waits for itself."""

from __future__ import annotations

import asyncio
import contextvars
import math
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

import aseq
from aseq import AsyncSequence, InvalidSequence, NestedTurn, SequenceLocked, is_retryable
from aseq._concurrency.gate import Gate
from aseq._turn import LIMIT, Turn, _gates
from aseq.numbering import Numbering
from tests.cases import BACKENDS

INVOICES, RECEIPTS = AsyncSequence("invoices"), AsyncSequence("receipts")


@pytest.fixture(params=BACKENDS.values(), ids=list(BACKENDS))
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Every event loop."""
    return request.param


class Crowd:
    """Tasks that want a turn, and stay in it until they are told to leave."""

    def __init__(self, group: anyio.abc.TaskGroup) -> None:
        self.group = group
        self.inside: list[int] = []
        self.most = 0
        self.order: list[int] = []
        self._leave: dict[int, anyio.Event] = {}

    async def come(self, number: int, turn: Turn) -> None:
        """Let one more task ask, and wait until it is in or in the line."""
        self._leave[number] = anyio.Event()
        self.group.start_soon(self._stay, number, turn)
        await anyio.wait_all_tasks_blocked()

    async def _stay(self, number: int, turn: Turn) -> None:
        async with turn:
            self.inside.append(number)
            self.order.append(number)
            self.most = max(self.most, len(self.inside))
            await self._leave[number].wait()
            self.inside.remove(number)

    async def go(self, number: int) -> None:
        """Tell one that it may leave."""
        self._leave[number].set()
        await anyio.wait_all_tasks_blocked()


async def test_the_rest_wait_in_order() -> None:
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        for number in range(6):
            await crowd.come(number, INVOICES.turn(limit=2))

        assert crowd.inside == [0, 1]
        for leaves, inside in ((1, [0, 2]), (0, [2, 3]), (2, [3, 4]), (3, [4, 5])):
            await crowd.go(leaves)
            assert crowd.inside == inside
        await crowd.go(4)
        await crowd.go(5)

    assert crowd.order == [0, 1, 2, 3, 4, 5]


async def test_three_by_default() -> None:
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        for number in range(5):
            await crowd.come(number, INVOICES.turn())

        assert LIMIT == len(crowd.inside) == 3
        group.cancel_scope.cancel()


async def test_nobody_overtakes() -> None:
    """A caller with a higher limit waits behind one that was there before."""
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        await crowd.come(0, INVOICES.turn(limit=1))
        await crowd.come(1, INVOICES.turn(limit=1))
        await crowd.come(2, INVOICES.turn(limit=9))

        assert crowd.inside == [0]
        await crowd.go(0)
        assert sorted(crowd.inside) == [1, 2]  # trio lets them run in any order
        group.cancel_scope.cancel()


async def test_other_sequences_dont_wait() -> None:
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        elsewhere = AsyncSequence("invoices", table="other")
        for number, sequence in enumerate((INVOICES, RECEIPTS, elsewhere)):
            await crowd.come(number, sequence.turn(limit=1))

        assert crowd.inside == [0, 1, 2]
        group.cancel_scope.cancel()


async def test_one_queue_is_one_turn() -> None:
    """What waits for each other in the database waits together here, too."""
    numbers = Numbering("invoices", "{year}-{number}", period="year", scope=["t"], tz="UTC")
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        await crowd.come(0, numbers.bind(t=1).turn(limit=1))
        await crowd.come(1, aseq.turn(numbers.bind(t=1), limit=1))
        await crowd.come(2, numbers.bind(t=1).sequence().turn(limit=1))
        await crowd.come(3, numbers.bind(t=2).turn(limit=1))

        assert crowd.inside == [0, 3]
        group.cancel_scope.cancel()


async def test_several_in_one_order() -> None:
    """Tasks that ask for the same sequences in different orders all get their turn."""
    names = [AsyncSequence(f"s{number}") for number in range(4)]
    done = []

    async def work(seed: int) -> None:
        choose = random.Random(seed)
        for _ in range(5):
            async with aseq.turn(*choose.sample(names, k=2), limit=1):
                await anyio.lowlevel.checkpoint()
        done.append(seed)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            for seed in range(20):
                group.start_soon(work, seed)

    assert len(done) == 20
    assert len(_gates()) == 0


async def test_another_turn_inside_is_refused() -> None:
    async with INVOICES.turn():
        with pytest.raises(NestedTurn, match=r"'receipts'.*has a turn of 'invoices'"):
            async with RECEIPTS.turn():
                pytest.fail("it was let in")
        with pytest.raises(NestedTurn):
            async with INVOICES.turn(limit=9):
                pytest.fail("it was let in")
    async with RECEIPTS.turn():  # and after it, it isn't
        pass


async def test_a_child_is_refused_while_the_turn_lasts() -> None:
    refused: list[Exception] = []
    over = anyio.Event()

    async def child() -> None:
        try:
            async with RECEIPTS.turn():
                pytest.fail("it was let in")
        except NestedTurn as exc:
            refused.append(exc)
        await over.wait()
        async with RECEIPTS.turn():
            refused.clear()

    async with anyio.create_task_group() as group:
        async with INVOICES.turn():
            group.start_soon(child)
            await anyio.wait_all_tasks_blocked()
            assert len(refused) == 1
        over.set()

    assert refused == []


async def test_a_timeout_says_that_nothing_was_taken(
    anyio_backend: tuple[str, dict[str, object]],
) -> None:
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        await crowd.come(0, RECEIPTS.turn(limit=1))

        with pytest.raises(SequenceLocked) as caught:
            async with aseq.turn(RECEIPTS, INVOICES, limit=1, timeout=0.02):
                pytest.fail("it was let in")
        assert "no connection was taken" in str(caught.value)
        assert caught.value.waited is not None
        # uvloop's clock is that of its last turn, so there a wait may end early.
        assert caught.value.waited >= (0 if anyio_backend[1] else 0.02)
        assert is_retryable(caught.value)

        await crowd.come(1, INVOICES.turn(limit=1))  # was given back
        assert crowd.inside == [0, 1]
        group.cancel_scope.cancel()


async def test_cancelled_anywhere() -> None:
    """Tasks that are cancelled while they wait, come in and leave hold nothing afterwards."""
    choose = random.Random(7)
    most = inside = 0

    async def work() -> None:
        nonlocal inside, most
        with anyio.move_on_after(choose.random() * 0.004):
            async with aseq.turn(*choose.sample((INVOICES, RECEIPTS), k=2), limit=2):
                inside += 1
                most = max(most, inside)
                try:
                    await anyio.sleep(choose.random() * 0.002)
                finally:
                    inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(300):
            group.start_soon(work)
            if choose.random() < 0.3:
                await anyio.sleep(choose.random() * 0.001)

    assert most == 2
    assert inside == 0
    assert len(_gates()) == 0


async def test_cancelled_as_it_is_let_in() -> None:
    """The place passes on if a waiter is cancelled at the very moment of getting it."""
    gate, scope = Gate(), anyio.CancelScope()
    inside = []

    async def come(name: str) -> None:
        await gate.enter(1)
        inside.append(name)

    async def unlucky() -> None:
        with scope:
            await gate.enter(1)
            gate.leave()  # some event loops let it in all the same

    await come("first")
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(unlucky)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(come, "next")
            await anyio.wait_all_tasks_blocked()
            gate.leave()
            scope.cancel()

    assert inside == ["first", "next"]
    gate.leave()
    assert gate.idle


@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"], BACKENDS["asyncio+uvloop"]])
async def test_a_task_cancelled_as_it_is_let_in() -> None:
    """As before, by the means of asyncio itself: there, the cancellation wins."""
    gate = Gate()
    await gate.enter(1)
    unlucky = asyncio.create_task(gate.enter(1))
    lucky = asyncio.create_task(gate.enter(1))
    await anyio.wait_all_tasks_blocked()

    gate.leave()
    unlucky.cancel()
    with anyio.fail_after(30):
        await lucky

    assert unlucky.cancelled()
    gate.leave()
    assert gate.idle


async def test_who_gives_up_stands_in_nobodys_way() -> None:
    gate, scope = Gate(), anyio.CancelScope()

    async def give_up() -> None:
        with scope:
            await gate.enter(1)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            await gate.enter(1)
            group.start_soon(give_up)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(gate.enter, 2)  # there is room for it, but not for the first
            await anyio.wait_all_tasks_blocked()
            scope.cancel()

    gate.leave()
    gate.leave()
    assert gate.idle


async def test_no_memory_of_names() -> None:
    for number in range(1000):
        async with AsyncSequence(f"n{number}").turn():
            assert len(_gates()) == 1
    assert len(_gates()) == 0


async def test_one_object_for_many_tasks() -> None:
    shared = INVOICES.turn(limit=2)
    async with anyio.create_task_group() as group:
        crowd = Crowd(group)
        for number in range(4):
            await crowd.come(number, shared)
        assert crowd.inside == [0, 1]
        for number in range(4):
            await crowd.go(number)
        assert crowd.order == [0, 1, 2, 3]


async def test_each_loop_has_its_own() -> None:
    async def once() -> int:
        async with INVOICES.turn(limit=1):
            return len(_gates())

    with ThreadPoolExecutor(1) as elsewhere:
        async with INVOICES.turn(limit=1):
            assert elsewhere.submit(asyncio.run, once()).result(timeout=30) == 1


@pytest.mark.parametrize(
    ("what", "arguments", "problem"),
    [
        ((), {}, "what must be at least one sequence or bound numbering"),
        (("invoices",), {}, "what must be sequences and bound numberings, not str"),
        ((INVOICES,), {"limit": 0}, "limit must be a number of tasks, at least 1, not 0"),
        ((INVOICES,), {"limit": True}, "limit must be a number of tasks, at least 1, not True"),
        ((INVOICES,), {"timeout": 0}, "timeout must be positive and finite, not 0"),
        ((INVOICES,), {"timeout": math.inf}, "timeout must be positive and finite, not inf"),
        ((Numbering("n", "{number}", scope=["t"]),), {}, "t is missing: pass it as t=..."),
    ],
)
def test_refused(what: tuple[AsyncSequence], arguments: dict[str, int], problem: str) -> None:
    with pytest.raises(InvalidSequence, match=problem):
        aseq.turn(*what, **arguments)


async def test_left_in_another_context() -> None:
    """As a fixture that is an asynchronous generator may be."""
    turn = INVOICES.turn(limit=1)
    await turn.__aenter__()

    with suppress(StopIteration):
        contextvars.Context().run(turn.__aexit__(None, None, None).send, None)

    async with INVOICES.turn(limit=1):
        assert len(_gates()) == 1
