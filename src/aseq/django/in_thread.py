"""What an `aatomic` block does in the thread of its connection: begin and end, by Django."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from .block import LOST, Block
from .connection import SAVEPOINT, DjangoConnection, has_ended, releases_commit
from .waking import discard, give_up

if TYPE_CHECKING:
    from .transaction import Transaction

FOREIGN = (
    "a transaction that isn't an `aatomic` block is open on this thread's connection, and "
    "whose it is can't be known: open it with `aatomic` as well"
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


class InThread(Block):
    """A block with Django's own under it."""

    def __init__(self, using: str, savepoint: bool, durable: bool) -> None:
        super().__init__(using)
        self.parent: Transaction | None = None
        self.entered = False
        self._savepoint = savepoint
        self._atomic = transaction.Atomic(using, savepoint, durable)
        self._atomic.aseq_block = self
        self._lock = Lock()  # for the three below
        self._begun = self._ended = self.deserted = False

    def lose(self, why: str = LOST) -> None:
        """See `Block`. Without a savepoint, the block around it is lost, too."""
        super().lose(why)
        if self.parent is not None and not self._savepoint:
            self.parent.lose(why)

    def find(self) -> BaseDatabaseWrapper:
        """The connection of the thread."""
        return connections[self.using]

    def begin(self, *, under_sync: bool) -> None:
        """Begin; inside a block of sync code, if that waits for this task."""
        self._begin_here(under_sync=under_sync)
        with self._lock:
            self._begun = True
            self.entered = not self.deserted
        if self.deserted:  # nobody waits for it any more, or will end it
            error = TransactionManagementError(CLOSED)
            self._atomic.__exit__(TransactionManagementError, error, None)

    def desert(self) -> bool:
        """On the event loop: let nobody wait for `begin` any more; whether that was in time."""
        with self._lock:
            self.deserted = not self._begun
            return self.deserted

    def _begin_here(self, *, under_sync: bool) -> None:
        self.dialect = DjangoConnection(self.using).dialect
        self.connection = connections[self.using]
        if self.parent is not None:
            self.parent.check_thread()
        elif self.connection.in_atomic_block and not under_sync:
            raise TransactionManagementError(FOREIGN)
        elif not under_sync and not self.connection.get_autocommit():
            raise TransactionManagementError(NO_COMMIT)
        self._atomic.__enter__()
        if releases_commit(self.connection):
            self.advice = SAVEPOINT

    def end(self, exc: BaseException | None) -> None:
        """Commit or roll back, once."""
        if not self.entered:
            return
        self.check_thread()
        self.entered = False
        driver = self.connection.connection
        try:
            self._end_what_was_left_open()
            if exc is None:
                self._prepare_commit()
            self._atomic.__exit__(type(exc) if exc is not None else None, exc, None)
        finally:
            with self._lock:
                self._ended = True
            if self.connection.closed_in_transaction:
                discard(self.connection, driver)

    def give_up(self) -> None:
        """On the event loop: the server doesn't react. Let the thread go on to `end`."""
        with self._lock:  # after the end, the connection may be another one's
            if self.connection is not None and not self._ended:
                give_up(self.connection)

    def _end_what_was_left_open(self) -> None:
        """Nothing can be kept: what came after it, of whoever's, is in its savepoint."""
        stack = self.connection.atomic_blocks
        if self._atomic not in stack:  # another one's exit took it for its own
            self.lose(LEFT_OPEN)
            self.connection.close()
        else:
            while stack[-1] is not self._atomic:
                self.lose(LEFT_OPEN)
                error = TransactionManagementError(LEFT_OPEN)
                stack[-1].__exit__(TransactionManagementError, error, None)
        if self.connection.closed_in_transaction:
            self.lose(CLOSED)
        elif has_ended(self.connection):
            self.lose(ENDED_BY_ITSELF)

    def _prepare_commit(self) -> None:
        if self.lost is not None or self.rolls_back:
            self.connection.needs_rollback = True
        if not self.connection.needs_rollback:
            for func, robust in self.hooks:
                self.connection.on_commit(func, robust)
