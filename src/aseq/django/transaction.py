"""Entering and leaving an `aatomic` block: never half-way, and from any context."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from aseq._guard import to_the_end

from .block import NESTED, OVER, Block, blocks, innermost
from .connection import DjangoConnection
from .testcase import refuse_beside_a_testcase
from .threads import OwnThread, has_sync_caller, own_thread
from .turns import turn_on

ANOTHER_TASK = (
    "the block that is open here is another task's, and blocks on one connection can only be "
    "nested by one task: draw in that block, or start this task before it"
)
FOREIGN = (
    "a transaction that isn't an `aatomic` block is open on this thread's connection, and "
    "whose it is can't be known: open it with `aatomic` as well"
)


class Transaction(Block):
    """One entry of an `aatomic` block: a transaction, or a savepoint in one."""

    def __init__(self, using: str, savepoint: bool, durable: bool) -> None:
        super().__init__(using)
        self._atomic = transaction.Atomic(using, savepoint, durable)
        self._entered = False
        self._parent: Transaction | None = None
        self._thread: OwnThread | None = None
        self._turn: asyncio.Lock | None = None

    async def enter(self) -> None:
        """Begin. A cancellation gets no further until that is undone."""
        parent = innermost(self.using)
        if parent is not None and parent.open:
            if parent.task is not self.task:
                raise TransactionManagementError(ANOTHER_TASK)
            if parent.child is not None:
                raise TransactionManagementError(NESTED)
            self._parent, parent.child = parent, self
        else:
            refuse_beside_a_testcase(self.using)
        try:
            self._thread = await own_thread()
            self.adopt()
            if self._parent is None:
                turn = turn_on(await self.hop(self._find))
                await turn.acquire()
                self._turn = turn
            self._under_sync = has_sync_caller()
            await self.hop(self._enter)
        except BaseException as exc:
            await self._undo(exc)
            raise
        self.open = True
        self.rest = blocks.get({})
        blocks.set({**self.rest, self.using: self})

    def _find(self) -> BaseDatabaseWrapper:
        return connections[self.using]

    def _enter(self) -> None:
        self.dialect = DjangoConnection(self.using).dialect
        self.connection = connections[self.using]
        if self._parent is not None:
            self._parent.check_thread()
        elif self.connection.in_atomic_block and not self._under_sync:
            raise TransactionManagementError(FOREIGN)
        self._atomic.__enter__()
        self._entered = True

    async def _undo(self, exc: BaseException) -> None:
        """Go back to before `enter`."""
        if self._thread is not None:
            self._thread.leave()
        with suppress(asyncio.CancelledError):  # one is on its way already
            await to_the_end(lambda: self._end(exc))

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
        for block in self._chain():
            block.open = False
            for call in list(block.calls):
                self.lose()
                call.drop()
            block.leave_context()
        await to_the_end(lambda: self._end(exc))
        if self.lost is not None and exc is None:
            raise self.lost

    def leave_context(self) -> None:
        """Forget the block in this context, which needn't be that which entered."""
        current = blocks.get({})
        if current.get(self.using) is self:
            blocks.set(self.rest)
        if self._thread is not None:
            self._thread.leave()

    def _chain(self) -> Iterator[Transaction]:
        """The block, and those left open inside it."""
        block: Transaction | None = self
        while block is not None:
            yield block
            block = block.child

    async def _end(self, exc: BaseException | None) -> None:
        try:
            if self._entered:
                await self.hop(lambda: self._exit(exc))
        finally:
            if self._parent is not None and self._parent.child is self:
                self._parent.child = None
            if self._turn is not None:
                self._turn.release()
            for block in self._chain():
                if block._thread is not None:
                    await block._thread.close()

    def _exit(self, exc: BaseException | None) -> None:
        self.check_thread()
        left_open = list(self._chain())[1:]
        for block in reversed(left_open):
            error = TransactionManagementError(OVER)
            block._atomic.__exit__(TransactionManagementError, error, None)
        if exc is None:
            self._prepare_commit()
        self._atomic.__exit__(type(exc) if exc is not None else None, exc, None)

    def _prepare_commit(self) -> None:
        if self.lost is not None or self.rolls_back:
            self.connection.needs_rollback = True
        if not self.connection.needs_rollback:
            for func, robust in self.hooks:
                self.connection.on_commit(func, robust)
