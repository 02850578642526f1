"""Calls that may draw numbers in a block's thread, and what becomes of them when cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.transaction import TransactionManagementError

from aseq._concurrency.call import Job

from .state import OVER, State
from .worker import Worker

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

# On errors of a call that drew nothing: see `drew_nothing`.
_NOTHING_DRAWN = "_aseq_nothing_drawn"


class Calls:
    """The calls of one block that are under way.

    Args:
        state: the block's.
        worker: what runs them.
    """

    def __init__(self, state: State, worker: Worker) -> None:
        self._state, self._worker = state, worker
        self._under_way: set[Job[Any]] = set()

    async def run(self, work: Callable[[], T]) -> T:
        """Run something that may draw numbers on the block's connection, in its thread.

        Cancelling it wakes the thread; if it had begun, the block can only roll back.

        Raises:
            TransactionManagementError: nothing can be drawn in the block, or its end
                cancelled the call.
        """
        refusal = self._state.refusal()
        if refusal is not None:
            raise nothing_drawn(TransactionManagementError(refusal))
        worker = self._worker
        call = Job(lambda: self._begin(call, work), worker.wake, self._abort, worker.hang_up)

        def cancel(_: object = None) -> None:
            # No await: nothing gets in between, whatever becomes of the caller.
            call.cancel()
            if call.started:
                self._state.require_rollback()

        self._under_way.add(call)
        try:
            result = await worker.run(call, cancel)
        except Exception as exc:
            if call.cancelled:  # by the end of the block
                raise nothing_drawn(TransactionManagementError(OVER)) from exc
            raise
        except BaseException as exc:
            cancel()  # if it wasn't yet: the end of the loop cancels the inner task, too
            if not call.started:
                nothing_drawn(exc)
            raise
        finally:
            self._under_way.discard(call)
        if call.cancelled:
            raise nothing_drawn(TransactionManagementError(OVER))
        return result

    async def run_to_its_end(self, work: Callable[[], T]) -> T:
        """Run something that draws nothing, also in a block that can only roll back."""
        return await self._worker.run(work)

    def cancel_all(self) -> bool:
        """At the end of the block: nobody waits for them; whether one was under way."""
        cancelled = [call for call in self._under_way if not call.cancelled]
        for call in cancelled:
            call.cancel()
        return bool(cancelled)

    def _begin(self, call: Job[T], work: Callable[[], T]) -> T:
        call.begin()
        self._worker.check_thread()
        return work()

    def _abort(self) -> None:
        self._worker.connection.needs_rollback = True


def nothing_drawn(exc: E) -> E:
    """Note on an error that nothing was drawn by the call that it ends."""
    setattr(exc, _NOTHING_DRAWN, True)
    return exc


def drew_nothing(exc: BaseException) -> bool:
    """Whether the call that an error ended drew nothing, as was noted where it was raised."""
    return getattr(exc, _NOTHING_DRAWN, False)
