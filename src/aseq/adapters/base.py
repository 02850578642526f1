"""The adapter contract. What satisfies `Executor` is accepted as a connection as it is.

An executor wraps one connection that the **caller** opened, will commit, roll back
and close. It is made for one call and is cheap to make. It never begins, commits,
rolls back, retries, logs or changes a setting (but for SQLite's busy timeout, put
back in the same breath).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Protocol, runtime_checkable

from aseq._core.dialects import POSTGRESQL, SQLITE, Dialect
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq.errors import AseqError, UnsupportedConnection

__all__ = (
    "POSTGRESQL",
    "SQLITE",
    "Bind",
    "Dialect",
    "Executor",
    "Paramstyle",
    "Row",
    "SyncExecutor",
    "TableName",
    "TransactionEnded",
    "unsupported",
)

_NO_ERRORS: Mapping[type[AseqError], type[AseqError]] = MappingProxyType({})


class TransactionEnded(Exception):
    """Raised by `fetch`: the transaction ended before the statement's turn came.

    The statement would have been committed by itself, so it wasn't sent. What to do
    instead is the only argument, as `Facts.autocommits` says it.
    """


class Facts(Protocol):
    """What is known of one connection without talking to the database.

    Attributes:
        dialect: what the server understands.
        paramstyle: how the driver writes parameters.
        driver_errors: what the driver raises when a statement was refused or failed,
            or was never sent: no number can have been lost then.
        errors: subclasses of our errors to raise in their place.
    """

    dialect: Dialect
    paramstyle: Paramstyle
    driver_errors: ClassVar[tuple[type[Exception], ...]]
    errors: Mapping[type[AseqError], type[AseqError]] = _NO_ERRORS

    def autocommits(self) -> str | None:
        """Whether a statement would be committed by itself: if so, what to do instead.

        A driver that begins by itself doesn't: there the answer is None.
        """
        ...

    def locate(self, table: TableName) -> TableName:
        """Where on this connection the table is; the same, unless schemas are mapped."""
        return table


class SyncExecutor(Facts, Protocol):
    """One connection of sync code, in the thread that may use it."""

    def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        """Run one statement and return all its rows, as `Executor.fetch`.

        Whatever interrupts it, the transaction can only be rolled back afterwards.
        """
        ...


@runtime_checkable
class Executor(Facts, Protocol):
    """One connection, as aseq sees it."""

    async def prepare(self) -> None:
        """Find out what can't be known without waiting. Called once, before all else."""
        return

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        """Run one statement and return all its rows.

        Args:
            sql: the text, in the executor's paramstyle.
            args: its parameters.
            nowait: don't wait for the database's own lock, if it has one. (Servers
                with row locks are told so in the text.)

        Returns:
            the rows with all their columns.

        Raises:
            TransactionEnded: `autocommits` said that the statement is inside a
                transaction, but that ended before the statement could be sent.
        """
        ...

    async def spoil(self) -> bool:
        """Make the transaction unusable until ROLLBACK: a number of it was lost.

        Called after `fetch` raised anything but a driver's error. Nothing happens if
        the statement was never sent.

        Returns:
            whether the transaction can't be committed any more.
        """
        ...

    def abandon(self) -> None:
        """Give the connection up, at once and without waiting: it didn't answer."""
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
