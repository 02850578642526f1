"""The adapter contract. What satisfies `Executor` is accepted as a connection as it is.

An executor wraps one connection that the **caller** opened, will commit, roll back
and close. It is made for one call and is cheap to make. It never begins, commits,
rolls back, retries, logs or changes a setting (except SQLite's busy timeout, which it
restores in the same call).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import ClassVar, Protocol, runtime_checkable

from aseq._core.dialects import POSTGRESQL, SQLITE, Dialect
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq.errors import AseqError, UnsupportedConnection

__all__ = (
    "POSTGRESQL",
    "SQLITE",
    "Bind",
    "Dialect",
    "Executor",
    "OneWriter",
    "Paramstyle",
    "Row",
    "SyncExecutor",
    "SyncOneWriter",
    "TableName",
    "TransactionEnded",
    "Watcher",
    "unsupported",
    "unwrapped",
)

_NO_ERRORS: Mapping[type[AseqError], type[AseqError]] = MappingProxyType({})


class TransactionEnded(Exception):
    """Raised by `fetch`: the transaction ended before the statement's turn came.

    The statement would have been committed by itself, so it wasn't sent. What to do
    instead is the only argument, in the words of `ConnectionInfo.outside_transaction`.
    """


class Watcher(Protocol):
    """Told of what is done with a transaction that was made unusable. Never raises."""

    def used(self) -> None:
        """Something was sent in it, and refused."""
        ...

    def committed(self) -> None:
        """It was to be committed, and nothing of it is saved."""
        ...


class ConnectionInfo(Protocol):
    """What is known of one connection without talking to the database.

    Attributes:
        kind: whose connection it is, for logs and hooks: the name of a library.
        dialect: what the server understands.
        paramstyle: how the driver writes parameters.
        driver_errors: the classes of the driver's errors. Some of them can be explained
            better; whether a number was drawn is the question of `refused`.
        errors: subclasses of our errors to raise in their place.
    """

    dialect: Dialect
    paramstyle: Paramstyle
    driver_errors: ClassVar[tuple[type[Exception], ...]]
    errors: Mapping[type[AseqError], type[AseqError]] = _NO_ERRORS
    kind: ClassVar[str] = "executor"

    def outside_transaction(self) -> str | None:
        """What to do first, if a statement would be committed by itself; None if it wouldn't.

        A driver that begins by itself doesn't commit by itself: there the answer is None.
        """
        ...

    def refused(self, exc: BaseException, /) -> bool:
        """Whether nothing was drawn: the server refused the statement, or never got it.

        Asked about what `fetch` raised, and about what was raised after it returned. An
        error that only the client knows of (a codec's, a listener's, a lost connection)
        says nothing about what the server did. In doubt the answer is False, and the
        transaction is made unusable.

        By default every error of the driver's counts as the server's word: right only for
        a driver that raises no error of its own once a statement was sent.
        """
        return isinstance(exc, self.driver_errors)

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        """The sequence as the connection's project has it; the same, unless it has settings."""
        return spec

    def locate(self, table: TableName) -> TableName:
        """Where on this connection the table is; the same, unless schemas are mapped."""
        return table

    def watch(self, watcher: Watcher, /) -> None:
        """Tell what is done with the transaction that `abort` has just made unusable.

        So far as the driver lets that be seen, in any thread, until the transaction is over.
        Neither waits nor raises. By default nothing can be seen.
        """
        return


@runtime_checkable
class SyncExecutor(ConnectionInfo, Protocol):
    """One connection of sync code, in the thread that may use it.

    The order of calls is that of `Executor`.
    """

    def hold(self) -> AbstractContextManager[object]:
        """Keep other threads off the connection, as `Executor.hold` keeps tasks off."""
        return nullcontext()

    def prepare(self) -> None:
        """Find out what can't be known without waiting. Called once, inside the hold."""
        return

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        """Run one statement and return all its rows, as `Executor.fetch`."""
        ...

    def abort(self) -> bool:
        """Let the caller only roll back, as `Executor.abort`.

        It ends in some seconds, whatever happens to the connection.
        """
        ...

    def terminate(self) -> None:
        """Give the connection up: `abort` failed, or was interrupted. Doesn't wait."""
        ...


@runtime_checkable
class Executor(ConnectionInfo, Protocol):
    """One connection, as aseq sees it.

    The order of calls is: `hold`, and inside it `prepare`, `outside_transaction` (if the
    sequence requires a transaction), then `fetch` for each statement; after an error that
    isn't `refused`, `abort`, and if that doesn't answer, `terminate`.
    """

    def hold(self) -> AbstractAsyncContextManager[object]:
        """Keep other tasks off the connection, from the draw to the end of the abort.

        For drivers in which another task's statement could come between a draw and the
        abort after it: a savepoint that begins there could be rolled back to, and undo the
        abort. Waiting for the hold can be cancelled, for nothing was sent yet; leaving it
        must neither wait nor raise.

        Returns:
            a context manager; by default one that does nothing.
        """
        return nullcontext()

    async def prepare(self) -> None:
        """Find out what can't be known without waiting. Called once, inside the hold."""
        return

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        """Run one statement and return all its rows.

        Args:
            sql: the text, in the executor's paramstyle.
            args: its parameters.
            timeout: seconds to wait for the database's own lock, if it has one: 0 is not to
                wait, None as the connection is set up. A shorter timeout of the connection's
                stays. (Servers with row locks are told so in the text.)
            inside: look once more, at the moment of sending, whether the statement would
                be committed by itself: what came before it on the connection may have ended
                the transaction.

        Returns:
            the rows with all their columns.

        Raises:
            TransactionEnded: `inside` was asked for, and the statement would have been
                committed by itself. It wasn't sent.
        """
        ...

    async def abort(self) -> bool:
        """Make the transaction unusable until ROLLBACK of the whole: a number of it was lost.

        No savepoint may bring it back, and no other transaction may be hit: not the
        connection's next one, nor anybody else's. Nothing happens if no statement was sent.

        Returns:
            whether the transaction can't be committed any more.
        """
        ...

    def terminate(self) -> None:
        """Give the connection up, at once and without waiting: it didn't answer.

        Not by closing a file descriptor on which something waits: the event loop would
        mistake the next connection that gets the same number for this one.
        """
        ...


@runtime_checkable
class OneWriter(Protocol):
    """What the executors of SQLite can say, too: it has one writer at a time."""

    async def blocks_writers(self) -> str | None:
        """What to do instead, if a long read here could keep others from writing.

        So it is if the transaction may be that one writer. Asked before `prepare`, so that no
        transaction is begun for a refusal. None if nobody is kept waiting.
        """
        ...


@runtime_checkable
class SyncOneWriter(Protocol):
    """As `OneWriter`, of the executors of sync code."""

    def blocks_writers(self) -> str | None:
        """What to do instead, as `OneWriter.blocks_writers`."""
        ...


def unsupported(
    connection: object, hints: Mapping[str, str], default: str
) -> UnsupportedConnection:
    """The error for an object of a known library that isn't a connection.

    Args:
        connection: what the caller passed.
        hints: what to pass instead, by the names of the library's classes.
        default: what to pass instead of anything else.
    """
    cls = type(connection)
    names = (base.__name__ for base in cls.__mro__)
    hint = next((hints[name] for name in names if name in hints), default)
    return UnsupportedConnection(f"{cls.__module__}.{cls.__qualname__}", hint)


_PROXIES = 8
"""How many proxies may lie around one connection: a chain that bites its tail has an end."""


def unwrapped(connection: object, known: Callable[[type], bool]) -> object:
    """What is in the proxies around a connection, down to the first class that is known.

    A proxy says that it has the class of what is in it, so only its type tells. Subclasses
    of what is known are taken as they are.

    Args:
        connection: perhaps a proxy of wrapt's.
        known: whether a class is that of a connection.

    Returns:
        the connection, or the object itself if there is none in it.
    """
    inner = connection
    for _ in range(_PROXIES):
        if known(type(inner)):
            return inner
        inner = getattr(inner, "__wrapped__", None)
        if inner is None:
            break
    return connection
