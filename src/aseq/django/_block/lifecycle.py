"""Entering and leaving an `aatomic` block: never half-way, and from any context."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar

from django.db.transaction import TransactionManagementError

from aseq._concurrency import call
from aseq._concurrency.shield import shielded
from aseq._concurrency.worker import in_worker

from .._private import has_sync_caller
from .block import Block
from .calls import Calls
from .lock import ConnectionLock, lock_for
from .state import OVER, State, Status
from .tenants import Tenant, tenant
from .testcase import check_no_testcase
from .threads import BlockThread, OwnThread, block_thread
from .transaction import ThreadAtomic
from .worker import Moved, Worker

ANOTHER_TASK = (
    "the block that is open here is another task's, and blocks on one connection can only be "
    "nested by one task: draw in that block, or start this task before it"
)


class Entry:
    """One entry of a block: its parts, and how they begin and end together.

    Attributes:
        task: the one that entered.
        state: what may be done in the block now.
        block: what the caller gets; there as soon as it has begun.
    """

    block: Block

    def __init__(self, using: str, savepoint: bool, durable: bool) -> None:
        self.task = asyncio.current_task()
        self._using, self._former = using, innermost(using)
        self._parent = parent = _open(self._former)
        self._child: Entry | None = None
        self.state: State = State(parent.state if parent else None, savepoint=savepoint)
        self._worker = Worker(using)
        self._calls = Calls(self.state, self._worker)
        self._atomic = ThreadAtomic(
            *(using, savepoint, durable),
            state=self.state,
            worker=self._worker,
            is_current=lambda: innermost(using) is self,
        )
        self._thread: BlockThread | None = None
        self._lock: ConnectionLock | None = None
        self._tenant: Tenant | None = None
        self._timer: asyncio.TimerHandle | None = None

    def _outermost(self) -> Entry:
        return self if self._parent is None else self._parent._outermost()

    def _tenants_advice(self) -> str | None:
        known = self._outermost()._tenant
        return known.advice() if known else None

    async def enter(self) -> None:
        """Begin. A cancellation gets no further until that is undone."""
        parent = self._parent
        if parent is None:
            check_no_testcase(self._using)
        elif parent.task is not self.task:
            raise TransactionManagementError(ANOTHER_TASK)
        elif (refusal := parent.state.refusal()) is not None:
            raise TransactionManagementError(refusal)
        else:
            parent._child, parent.state.nested = self, True
        try:
            await self._begin()
            if self._thread is not None and self._thread.is_over():
                raise Moved  # the request ended meanwhile
        except BaseException as exc:
            await self._undo(exc)
            raise
        self.block = Block(
            self._using,
            self._atomic.dialect,
            state=self.state,
            calls=self._calls,
            atomic=self._atomic,
            tenants_advice=self._tenants_advice,
        )
        self.state.status = Status.OPEN
        _entries.set({**_entries.get({}), self._using: self})
        self._worker.bind_context()

    async def _begin(self) -> None:
        self._thread = await block_thread()
        self._worker.bind_context()
        around = None if self._parent is None else self._parent._worker
        if around is None:
            connection = await self._worker.run(self._worker.find)
            if isinstance(self._thread, OwnThread):
                self._tenant = await tenant(connection)
            lock = lock_for(connection)
            held = {each._outermost() for each in _entries.get({}).values() if each.is_open}
            await lock.acquire(self, held)
            self._lock = lock
        under_sync = has_sync_caller()
        await self._worker.run(
            lambda: self._atomic.begin(around, under_sync=under_sync), self._begin_no_longer
        )

    @property
    def is_open(self) -> bool:
        """Whether something can be done in the block."""
        return self.state.is_open

    def _begin_no_longer(self, task: asyncio.Task[object]) -> None:
        """A cancelled block doesn't wait for a server that can't be connected to."""

        def desert() -> None:
            self._atomic.hang_up()
            if self._atomic.desert():
                task.cancel()

        timer = task.get_loop().call_later(call.LIMIT, desert)
        task.add_done_callback(lambda _: timer.cancel())

    async def _undo(self, exc: BaseException) -> None:
        """Go back to before `enter`."""
        self._detach()
        with suppress(asyncio.CancelledError, Moved):  # one is on its way already
            await self._surely_end(exc)

    async def exit(self, exc: BaseException | None) -> None:
        """Commit or roll back, to the end.

        In this order: no code may use the blocks any more, then their calls are cancelled, then
        the context forgets them, and only then does the transaction end.
        """
        if not self.is_open:  # a block around it has ended
            if exc is None:
                raise TransactionManagementError(OVER)
            return
        for entry in reversed(list(self._chain())):
            entry.state.status = Status.ENDING if entry is self else Status.OVER
            if entry._calls.cancel_all():
                self.state.require_rollback()
            entry._detach()
        if current_task() is None:  # the coroutine is being closed
            self._drop_all()
            return
        await self._surely_end(exc)
        if self.state.rollback_reason is not None and exc is None:
            if self.state.watcher is not None:
                self.state.watcher.committed()
            raise TransactionManagementError(self.state.rollback_reason)

    def _detach(self) -> None:
        """Forget the block in this context, which needn't be that which entered."""
        current = dict(_entries.get({}))
        if current.get(self._using) is self:
            del current[self._using]
            if self._former is not None:
                current[self._using] = self._former
            _entries.set(current)
        if self._thread is not None and not any(
            entry.is_open and entry._thread is self._thread for entry in current.values()
        ):
            self._thread.leave()

    def _chain(self) -> Iterator[Entry]:
        """The block, and those left open inside it."""
        entry: Entry | None = self
        while entry is not None:
            yield entry
            entry = entry._child

    async def _surely_end(self, exc: BaseException | None) -> None:
        cancelled: asyncio.CancelledError | None = None
        if isinstance(exc, asyncio.CancelledError):
            self._end_soon()
        try:
            while self.state.status is not Status.OVER:
                try:
                    await shielded(lambda: self._end(exc), self._end_soon)
                except asyncio.CancelledError as error:
                    # asyncio.run() cancels all tasks at its end. If it cancelled ours before
                    # its first step, `_end` never ran: start it again.
                    cancelled = error
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if cancelled is not None:
            raise cancelled

    def _end_soon(self, _: object = None) -> None:
        """Nobody has the time to wait for a server that doesn't react."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(call.LIMIT, self._atomic.hang_up)

    async def _end(self, exc: BaseException | None) -> None:
        self.state.status = Status.OVER
        deserted = self._atomic.is_deserted
        try:
            if self._worker.is_bound and not deserted:
                await self._exit_in_thread(exc)
        finally:
            parent = self._parent
            if parent is not None and parent._child is self:
                parent._child, parent.state.nested = None, False
            if self._lock is not None:
                self._lock.release()
            for entry in self._chain():
                if entry._thread is not None:
                    await entry._thread.close(wait=not deserted)

    async def _exit_in_thread(self, exc: BaseException | None) -> None:
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await self._worker.run(lambda: self._atomic.end(exc))
                break
            except asyncio.CancelledError as error:
                # Cancelled again. `end` may be running in the thread or may never start. It
                # does its work only once, so a second call is safe and waits for the first.
                cancelled = error
            except Exception as error:
                if not self._atomic.is_active:
                    raise
                # The block's thread has ended. Close the connection from a fresh thread:
                # Django refuses the event loop's, and pool threads may all be waiting for
                # locks.
                await in_worker(self._worker.disconnect)
                raise Moved from error
        if cancelled is not None:
            raise cancelled

    def _drop_all(self) -> None:
        """Without an event loop, nothing can be awaited."""
        if not isinstance(self._thread, OwnThread):
            self._worker.disconnect()
        elif not self._thread.is_over():
            self._thread.shut()


# The blocks of the current context, by alias. It may be a copy, and be outdated: only a block
# itself knows whether it is open. (What Django knows of a block, `in_atomic_block`, is true for
# every task that shares the connection, and proves nothing.)
_entries: ContextVar[Mapping[str, Entry]] = ContextVar("aseq_blocks")


def innermost(using: str) -> Entry | None:
    """The block on a database that the current context was last inside."""
    return _entries.get({}).get(using)


def _open(entry: Entry | None) -> Entry | None:
    return entry if entry is not None and entry.is_open else None


def current_task() -> asyncio.Task[object] | None:
    """The task that runs; None also where no event loop does."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
