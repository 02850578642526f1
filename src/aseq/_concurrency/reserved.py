"""Something that one task has for itself for a while. Knows no database, nothing of aseq."""

from __future__ import annotations

import asyncio


class Reservation:
    """The task that has something for itself, and those that wait until it hasn't."""

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._is_worth_waiting_for = False
        self._free = asyncio.Event()

    def is_mine(self) -> bool:
        """Whether the task that asks is the one."""
        return asyncio.current_task() is self._task

    def is_worth_waiting_for(self) -> bool:
        """Whether others should wait: it will be over soon.

        A task that is being cancelled doesn't know it yet; others may have been told.
        """
        return self._is_worth_waiting_for or bool(self._task and self._task.cancelling())

    def let_wait(self) -> None:
        """Say that it will be over soon."""
        self._is_worth_waiting_for = True

    def pass_on(self) -> None:
        """Give it to the task that calls this, for the rest of the time."""
        self._task = asyncio.current_task()

    def end(self) -> None:
        """Let everybody go on."""
        self._free.set()

    async def wait(self) -> None:
        """Wait for its end."""
        await self._free.wait()
