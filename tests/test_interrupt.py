"""Work that is never cancelled, but interrupted from outside."""

from __future__ import annotations

import asyncio

import pytest

from aseq._concurrency import call
from aseq._concurrency.interrupt import interruptible


class Conversation:
    """Ends when it is interrupted often enough, or given up."""

    def __init__(self, interruptions: int | None) -> None:
        self.left = interruptions
        self.begun, self.end = asyncio.Event(), asyncio.Event()
        self.done: list[str] = []

    async def work(self) -> int:
        self.begun.set()
        await self.end.wait()
        self.done.append("worked")
        return 7

    async def interrupt(self) -> None:
        self.done.append("interrupted")
        if self.left is None:
            await asyncio.sleep(3600)
            return
        self.left -= 1
        if not self.left:
            self.end.set()
        raise OSError

    def give_up(self) -> None:
        self.done.append("given up")
        self.end.set()

    async def run(self) -> int:
        return await interruptible(self.work, self.interrupt, self.give_up)


async def cancelled(conversation: Conversation, times: int = 1) -> list[str]:
    task = asyncio.create_task(conversation.run())
    await conversation.begun.wait()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    return conversation.done


async def test_undisturbed() -> None:
    conversation = Conversation(1)
    conversation.end.set()
    assert await conversation.run() == 7
    assert conversation.done == ["worked"]


@pytest.mark.parametrize("times", [1, 20])
async def test_it_is_asked_until_it_ends(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(call, "PAUSE", 0.001)
    assert await cancelled(Conversation(3), times) == ["interrupted"] * 3 + ["worked"]


@pytest.mark.parametrize("interruptions", [None, 10**9], ids=["stuck", "in vain"])
async def test_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch, interruptions: int | None
) -> None:
    monkeypatch.setattr(call, "PAUSE", 0.001)
    monkeypatch.setattr(call, "LIMIT", 0.02)
    done = await cancelled(Conversation(interruptions))
    assert done[-2:] == ["given up", "worked"]


async def test_no_interruption_outlives_it() -> None:
    """It would hit what comes next."""
    conversation, sent = Conversation(1), asyncio.Event()

    async def slow() -> None:
        conversation.end.set()
        await asyncio.sleep(0.05)
        sent.set()

    conversation.interrupt = slow  # type: ignore[method-assign]
    await cancelled(conversation)
    assert sent.is_set()
