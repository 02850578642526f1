"""Entering and leaving an `aatomic` block: never half-way, and from any context."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from django.db.transaction import TransactionManagementError

from aseq._concurrency import call
from aseq._concurrency.shield import shielded
from aseq._concurrency.worker import in_worker

from .block import OVER
from .context import blocks, innermost
from .hops import Moved
from .in_thread import InThread
from .tenants import Tenant, tenant
from .testcase import check_no_testcase
from .threads import BlockThread, OwnThread, block_thread, has_sync_caller
from .turns import Turn, turn_on

ANOTHER_TASK = (
    "the block that is open here is another task's, and blocks on one connection can only be "
    "nested by one task: draw in that block, or start this task before it"
)


class Transaction(InThread):
    """One entry of an `aatomic` block: a transaction, or a savepoint in one."""

    def __init__(self, using: str, savepoint: bool, durable: bool) -> None:
        super().__init__(using, savepoint, durable)
        self.waits_for: list[Turn] = []
        self._thread: BlockThread | None = None
        self._turn: Turn | None = None
        self._ends = False
        self.tenant: Tenant | None = None
        self._timer: asyncio.TimerHandle | None = None

    def outermost(self) -> Transaction:
        """The block that this one is inside of, and so on; perhaps itself."""
        return self if self.parent is None else self.parent.outermost()

    def outside_transaction(self) -> str | None:
        """See `Executor`."""
        known = self.outermost().tenant
        return super().outside_transaction() or (known.advice() if known else None)

    async def enter(self) -> None:
        """Begin. A cancellation gets no further until that is undone."""
        parent = innermost(self.using)
        if parent is not None and parent.open:
            if parent.task is not self.task:
                raise TransactionManagementError(ANOTHER_TASK)
            parent.refuse()
            self.parent, parent.child = parent, self
        else:
            check_no_testcase(self.using)
        try:
            await self._begin()
            if self._thread is not None and self._thread.is_over():
                raise Moved  # the request ended meanwhile
        except BaseException as exc:
            await self._undo(exc)
            raise
        self.open = True
        self._former = parent
        blocks.set({**blocks.get({}), self.using: self})
        self.adopt()

    async def _begin(self) -> None:
        self._thread = await block_thread()
        self.adopt()
        if self.parent is None:
            connection = await self.hop(self.find)
            if isinstance(self._thread, OwnThread):
                self.tenant = await tenant(connection)
            turn = turn_on(connection)
            await turn.take(self)
            self._turn = turn
        under_sync = has_sync_caller()
        await self.hop(lambda: self.begin(under_sync=under_sync), self._begin_no_longer)

    def _begin_no_longer(self, task: asyncio.Task[object]) -> None:
        """A cancelled block doesn't wait for a server that can't be connected to."""

        def desert() -> None:
            self.give_up()
            if self.desert():
                task.cancel()

        timer = task.get_loop().call_later(call.LIMIT, desert)
        task.add_done_callback(lambda _: timer.cancel())

    async def _undo(self, exc: BaseException) -> None:
        """Go back to before `enter`."""
        self.leave_context()
        with suppress(asyncio.CancelledError, Moved):  # one is on its way already
            await self._surely_end(exc)

    async def exit(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit or roll back, to the end."""
        if not self.open:  # a block around it has ended
            if exc is None:
                raise TransactionManagementError(OVER)
            return
        for block in reversed(list(self._chain())):
            block.open = False
            for drawing in list(block.calls):
                if not drawing.dropped:
                    self.lose()
                    drawing.drop()
            block.leave_context()
        if current_task() is None:  # the coroutine is being closed
            self._drop_all()
            return
        await self._surely_end(exc)
        if self.lost is not None and exc is None:
            raise TransactionManagementError(self.lost)

    def leave_context(self) -> None:
        """Forget the block in this context, which needn't be that which entered."""
        current = dict(blocks.get({}))
        if current.get(self.using) is self:
            del current[self.using]
            if self._former is not None:
                current[self.using] = self._former
            blocks.set(current)
        if self._thread is not None and not any(
            block.open and block._thread is self._thread for block in current.values()
        ):
            self._thread.leave()

    def _chain(self) -> Iterator[Transaction]:
        """The block, and those left open inside it."""
        block: Transaction | None = self
        while block is not None:
            yield block
            block = block.child

    async def _surely_end(self, exc: BaseException | None) -> None:
        cancelled: asyncio.CancelledError | None = None
        if isinstance(exc, asyncio.CancelledError):
            self._end_soon()
        try:
            while not self._ends:
                try:
                    await shielded(lambda: self._end(exc), self._end_soon)
                except asyncio.CancelledError as error:
                    # The end of the loop cancels every task, and some before they begin.
                    cancelled = error
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if cancelled is not None:
            raise cancelled

    def _end_soon(self, _: object = None) -> None:
        """Nobody has the time to wait for a server that doesn't react."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(call.LIMIT, self.give_up)

    async def _end(self, exc: BaseException | None) -> None:
        self._ends = True
        try:
            if self.context is not None and not self.deserted:
                await self._exit_in_thread(exc)
        finally:
            if self.parent is not None and self.parent.child is self:
                self.parent.child = None
            if self._turn is not None:
                self._turn.release()
            for block in self._chain():
                if block._thread is not None:
                    await block._thread.close(wait=not self.deserted)

    async def _exit_in_thread(self, exc: BaseException | None) -> None:
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await self.hop(lambda: self.end(exc))
                break
            except asyncio.CancelledError as error:
                # Again. The thread may be at it, or never begin: ask once more, behind it.
                cancelled = error
            except Exception as error:
                if not self.entered:
                    raise
                # Its thread is gone. (Django refuses this one; the others may be busy.)
                await in_worker(self.disconnect)
                raise Moved from error
        if cancelled is not None:
            raise cancelled

    def _drop_all(self) -> None:
        """Without an event loop, nothing can be awaited."""
        if not isinstance(self._thread, OwnThread):
            self.disconnect()
        elif self._thread:
            self._thread.shut()


def current_task() -> asyncio.Task[object] | None:
    """The task that runs; None also where no event loop does."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
