"""One entry of an `aatomic` block: its state, and calls on its connection.

What a block is, is known here and now, on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from asgiref.sync import iscoroutinefunction
from django.db import Error
from django.db.transaction import TransactionManagementError

from aseq._concurrency.call import Call
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters.base import Executor

from . import conf
from .connection import DjangoConnection
from .errors import ERRORS
from .hops import Hops
from .waking import give_up, wake

if TYPE_CHECKING:
    from .transaction import Transaction

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

OVER = "the block is over: a task that outlives it opens a block of its own"
NESTED = (
    "a block is open inside this one: draw there, or before or after it (another task can't "
    "know in which of the two its number would be)"
)
# On errors of a call that drew nothing: see `Block.refused`.
_NOTHING_DRAWN = "_aseq_nothing_drawn"

LOST = (
    "rolled back: a call that was cancelled, or that its block didn't wait for, may have "
    "drawn a number that nobody got"
)


class Block(Hops, Executor):
    """What ``async with aatomic() as tx:`` gives. `AsyncSequence` takes it as a connection."""

    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (Error,)
    errors = ERRORS

    def __init__(self, using: str) -> None:
        super().__init__(using)
        self.task = asyncio.current_task()
        self.open = False
        self.child: Transaction | None = None
        self.lost: str | None = None
        self.hooks: list[tuple[Callable[[], object], bool]] = []
        self.rolls_back = False
        self.calls: set[Call[Any]] = set()
        self.advice: str | None = None

    def on_commit(self, func: Callable[[], object], *, robust: bool = False) -> None:
        """Call a sync function in the block's thread after the outermost block's commit.

        As `django.db.transaction.on_commit`; it comes after what that was given meanwhile.
        """
        if iscoroutinefunction(func):
            raise TypeError("on_commit takes a function that isn't async")
        self._check_open()
        self.hooks.append((func, robust))

    def set_rollback(self, rollback: bool = True) -> None:
        """Roll back at the end of the block, without an error."""
        self._check_open()
        self.rolls_back = rollback

    def _check_open(self) -> None:
        if not self.open:
            raise TransactionManagementError(OVER)

    def refuse(self) -> None:
        """Raise if nothing can be done in the block."""
        why = self.lost if self.child is None else NESTED
        why = why if self.open else OVER
        if why is not None:
            raise _nothing_drawn(TransactionManagementError(why))

    def lose(self, why: str = LOST) -> None:
        """Nothing but a rollback can follow: a number may be lost."""
        if self.lost is None:
            self.lost = why

    async def call(self, work: Callable[[], T]) -> T:
        """Run something that may draw numbers on the block's connection, in its thread.

        Cancelling it wakes the thread; if it had begun, the block can only roll back.
        """
        self.refuse()
        call = Call(
            lambda: self._work(call, work),
            lambda: wake(self.connection),
            self._abort,
            lambda: give_up(self.connection),
        )

        def drop(_: object = None) -> None:
            # No await: nothing gets in between, whatever becomes of the caller.
            call.drop()
            if call.ran:
                self.lose()

        self.calls.add(call)
        try:
            result = await self.hop(call, drop)
        except Exception as exc:
            if call.dropped:  # by the end of the block
                raise _nothing_drawn(TransactionManagementError(OVER)) from exc
            raise
        except BaseException as exc:
            drop()  # if it wasn't yet: the end of the loop cancels the inner task, too
            if not call.ran:
                _nothing_drawn(exc)
            raise
        finally:
            self.calls.discard(call)
        if call.dropped:
            raise _nothing_drawn(TransactionManagementError(OVER))
        return result

    def _work(self, call: Call[T], work: Callable[[], T]) -> T:
        call.begin()
        self.check_thread()
        return work()

    def _abort(self) -> None:
        self.connection.needs_rollback = True

    def outside_transaction(self) -> str | None:
        """See `Executor`, as for all that follows."""
        return self.advice if self.open else OVER

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        """With the project's settings."""
        return conf.adapt(spec)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        """One statement, in a hop of its own."""

        def work() -> Sequence[Row]:
            connection: DjangoConnection | None = None
            try:
                connection = DjangoConnection(self.using)
                return connection.fetch(sql, args, timeout=timeout, inside=inside)
            except BaseException as exc:
                if connection is None or connection.refused(exc):
                    _nothing_drawn(exc)
                raise

        return await self.call(work)

    def refused(self, exc: BaseException, /) -> bool:
        """Whether nothing was drawn: as the thread has found out when it was raised there."""
        return getattr(exc, _NOTHING_DRAWN, False)

    async def abort(self) -> bool:
        """A number may have been drawn, and lost: the block rolls back at its end."""
        self.lose()
        return True

    def terminate(self) -> None:
        """The coroutine is being closed: `call` has done what could be done."""
        self.lose()


def _nothing_drawn(exc: E) -> E:
    """Note on an error that nothing was drawn by the call that it ends."""
    setattr(exc, _NOTHING_DRAWN, True)
    return exc
