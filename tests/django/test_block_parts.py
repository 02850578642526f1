"""The parts of a block, each by itself; and what the whole shows."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connections
from django.db.transaction import TransactionManagementError

from aseq.adapters.base import Executor, OneWriter
from aseq.django import aatomic
from aseq.django._block.lock import ConnectionLock, lock_for
from aseq.django._block.state import LOST, NESTED, OVER, State, Status


async def test_tx_shows_the_executor_contract_and_two_methods() -> None:
    """Whatever else is public there, somebody will build on."""
    async with aatomic() as tx:
        shown = {name for name in dir(tx) if not name.startswith("_")}

    contract = {name for name in (*dir(Executor), *dir(OneWriter)) if name[0] != "_"}
    assert shown == contract | {
        *("dialect", "paramstyle", "driver_errors"),
        *("on_commit", "set_rollback"),
    }


def opened(parent: State | None = None, *, savepoint: bool = True) -> State:
    state = State(parent, savepoint=savepoint)
    state.status = Status.OPEN
    return state


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.OPEN])
def test_nothing_can_be_drawn_unless_it_is_open(status: Status) -> None:
    state = opened()
    assert state.is_open
    assert state.refusal() is None

    state.status, state.nested = status, True
    state.require_rollback()
    assert not state.is_open
    assert state.refusal() == OVER


def test_a_nested_block_is_named_before_a_loss() -> None:
    state = opened()
    state.require_rollback()
    assert state.refusal() == LOST
    state.nested = True
    assert state.refusal() == NESTED


def test_the_first_reason_stays() -> None:
    state = opened()
    state.require_rollback("first")
    state.require_rollback("second")
    assert state.rollback_reason == "first"


def test_a_loss_goes_up_to_the_next_savepoint() -> None:
    outermost = opened()
    savepoint = opened(outermost)
    around = opened(savepoint, savepoint=False)
    inner = opened(around, savepoint=False)

    inner.require_rollback("lost")

    reasons = [each.rollback_reason for each in (inner, around, savepoint, outermost)]
    assert reasons == ["lost", "lost", "lost", None]


def locks(number: int) -> list[ConnectionLock]:
    waits: dict[object, list[ConnectionLock]] = {}
    return [ConnectionLock(waits) for _ in range(number)]


async def waiting(lock: ConnectionLock, holder: object, *held: object) -> asyncio.Task[None]:
    """A task that waits for a lock."""
    task = asyncio.create_task(lock.acquire(holder, held))
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_the_lock_is_given_in_order() -> None:
    [lock] = locks(1)
    await lock.acquire("first", ())
    second, third = await waiting(lock, "second"), await waiting(lock, "third")
    lock.release()
    await second
    assert not third.done()
    lock.release()
    await third


@pytest.mark.parametrize("length", [2, 3, 4])
async def test_a_circle_is_refused_at_its_last_edge(length: int) -> None:
    """Each holds one lock and waits for the next one's."""
    ring = locks(length)
    for index, lock in enumerate(ring):
        await lock.acquire(index, ())
    tasks = [
        await waiting(ring[index + 1], f"inner {index}", index) for index in range(length - 1)
    ]
    with pytest.raises(TransactionManagementError, match="wait for each other"):
        async with asyncio.timeout(20):  # a deadlock is a failure
            await ring[0].acquire("inner", [length - 1])

    ring[-1].release()  # as the refused one does: then all go on
    for index in reversed(range(length - 1)):
        await tasks[index]
        ring[index].release()


async def test_a_wait_that_was_cancelled_is_no_edge() -> None:
    one, other = locks(2)
    await one.acquire("a", ())
    await other.acquire("b", ())
    task = await waiting(other, "inner a", "a")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = await waiting(one, "inner b", "b")
    one.release()
    await again


async def test_there_is_one_lock_for_each_connection() -> None:
    one, other = connections["default"], connections["sqlite"]
    assert lock_for(one) is lock_for(one)
    assert lock_for(one) is not lock_for(other)
