"""`ThreadAtomic`: Django's own `Atomic` under a block, begun and ended in the block's thread.

Sync code. Only `desert` and `hang_up` are called on the event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from threading import Lock

from django.db import transaction
from django.db.transaction import TransactionManagementError

from aseq._core.dialects import Dialect

from .._vendors.sqlite import SAVEPOINT, has_ended, releases_commit
from ..connection import DjangoConnection
from .state import State
from .worker import Worker

FOREIGN = (
    "a transaction that `aatomic` didn't open is already open on this thread's connection. "
    "aseq can't tell which task it belongs to: open it with `aatomic`, too"
)
NO_COMMIT = (
    "autocommit is off on this thread's connection, so the end of an atomic block commits "
    "nothing, and what it saved would be lost: turn it on (`AUTOCOMMIT` in DATABASES)"
)
LEFT_OPEN = (
    "rolled back: a transaction was begun inside the block and not ended before it (by a "
    "generator that wasn't closed, or by another task on the same connection)"
)
ENDED_BY_ITSELF = (
    "SQLite has ended the transaction inside the block by itself (after an error in a "
    "statement with OR ROLLBACK, an interrupt, or a full disk): its numbers are given out "
    "again, but what was saved after that is saved"
)
CLOSED = "rolled back: the connection was closed inside the block"


class Phase(Enum):
    """What the thread has done."""

    BEGINNING = auto()
    ACTIVE = auto()
    ENDING = auto()
    ENDED = auto()
    DESERTED = auto()
    """Nobody waits for the beginning any more: when it comes, it is undone at once."""


class ThreadAtomic:
    """One `Atomic` of Django's, entered and left once.

    Args:
        using: the alias of the database.
        savepoint: as for `Atomic`, like `durable`.
        durable: refuse to be inside another one.
        state: the block's.
        worker: the block's.
        is_current: whether the code that asks is inside the block.

    Attributes:
        dialect: what the server understands; there as soon as it has begun.
        advice: what to do first, if the end of the block would commit nothing safely.
        on_commit_callbacks: functions for after the commit; whether each is robust.
    """

    dialect: Dialect

    def __init__(
        self,
        using: str,
        savepoint: bool,
        durable: bool,
        *,
        state: State,
        worker: Worker,
        is_current: Callable[[], bool],
    ) -> None:
        self._using, self._state, self._worker = using, state, worker
        self.is_current = is_current
        self.advice: str | None = None
        self.on_commit_callbacks: list[tuple[Callable[[], object], bool]] = []
        self._atomic = transaction.Atomic(using, savepoint, durable)
        self._atomic.aseq_block = self  # where `DjangoConnection` asks `is_current`
        self._lock = Lock()  # for the phase, which the event loop reads and sets, too
        self._phase = Phase.BEGINNING

    @property
    def is_active(self) -> bool:
        """Whether it has begun, and its end has not."""
        return self._phase is Phase.ACTIVE

    @property
    def is_deserted(self) -> bool:
        """Whether nobody waits for its beginning, or will end it."""
        return self._phase is Phase.DESERTED

    def begin(self, around: Worker | None, *, under_sync: bool) -> None:
        """Begin.

        Args:
            around: of the block around this one, if there is one.
            under_sync: whether sync code waits for this task. Its transaction may be open.
        """
        try:
            self._enter(around, under_sync=under_sync)
        except BaseException:
            self._move(Phase.ENDED)
            raise
        if not self._move(Phase.ACTIVE):
            error = TransactionManagementError(CLOSED)
            self._atomic.__exit__(TransactionManagementError, error, None)

    def _move(self, phase: Phase) -> bool:
        """Leave the beginning, unless it was deserted; whether it wasn't."""
        with self._lock:
            if self._phase is Phase.DESERTED:
                return False
            self._phase = phase
            return True

    def _enter(self, around: Worker | None, *, under_sync: bool) -> None:
        self.dialect = DjangoConnection(self._using).dialect
        connection = self._worker.take()
        if around is not None:
            around.check_thread()
        elif connection.in_atomic_block and not under_sync:
            raise TransactionManagementError(FOREIGN)
        elif not under_sync and not connection.get_autocommit():
            raise TransactionManagementError(NO_COMMIT)
        self._atomic.__enter__()
        if releases_commit(connection):
            self.advice = SAVEPOINT

    def desert(self) -> bool:
        """On the event loop: let nobody wait for `begin` any more; whether that was in time."""
        with self._lock:
            if self._phase is Phase.BEGINNING:
                self._phase = Phase.DESERTED
            return self._phase is Phase.DESERTED

    def hang_up(self) -> None:
        """On the event loop: the server doesn't react. Let the thread go on to `end`."""
        with self._lock:  # after the end, the connection may be another one's
            if self._worker.connection is not None and self._phase is not Phase.ENDED:
                self._worker.hang_up()

    def end(self, exc: BaseException | None) -> None:
        """Commit or roll back, once."""
        if not self.is_active:
            return
        self._worker.check_thread()
        self._phase = Phase.ENDING
        connection = self._worker.connection
        driver = connection.connection
        try:
            self._end_what_was_left_open()
            if exc is None:
                self._prepare_commit()
            self._atomic.__exit__(type(exc) if exc is not None else None, exc, None)
        finally:
            with self._lock:
                self._phase = Phase.ENDED
            if connection.closed_in_transaction:
                self._worker.discard(driver)

    def _end_what_was_left_open(self) -> None:
        """Nothing can be kept: what came after it, of whoever's, is in its savepoint."""
        connection, state = self._worker.connection, self._state
        stack = connection.atomic_blocks
        if self._atomic not in stack:  # another one's exit took it for its own
            state.require_rollback(LEFT_OPEN)
            connection.close()
        else:
            while stack[-1] is not self._atomic:
                state.require_rollback(LEFT_OPEN)
                error = TransactionManagementError(LEFT_OPEN)
                stack[-1].__exit__(TransactionManagementError, error, None)
        if connection.closed_in_transaction:
            state.require_rollback(CLOSED)
        elif has_ended(connection):
            state.require_rollback(ENDED_BY_ITSELF)

    def _prepare_commit(self) -> None:
        connection, state = self._worker.connection, self._state
        if state.rollback_reason is not None or state.rolls_back:
            connection.needs_rollback = True
        if not connection.needs_rollback:
            for func, robust in self.on_commit_callbacks:
                connection.on_commit(func, robust)
