"""From what the caller passes to the one synchronous connection that does the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Dialect, Table, update
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from aseq.errors import UnsupportedConnection

from ._table import TABLE

T = TypeVar("T")

_UNBOUND = (
    "its binds don't say which engine has the table of sequences: add "
    "`sequence_table(metadata): engine` to them, or pass "
    '`await session.connection(bind_arguments={"mapper": Invoice})`'
)


class Source(Protocol):
    """Where the connection comes from."""

    @property
    def dialect(self) -> Dialect:
        """The dialect, known before there is a connection."""
        ...

    async def connect(self) -> Connection:
        """The connection, in the transaction of the caller."""
        ...

    async def run(self, work: Callable[[], T]) -> T:
        """Run synchronous code that uses the connection."""
        ...


class ConnectionSource(Source):
    """An `AsyncConnection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def connect(self) -> Connection:
        return self._connection.sync_connection or await self._unopened()

    async def _unopened(self) -> Connection:
        # SQLAlchemy's own error says what is missing.
        return await self._connection.run_sync(lambda connection: connection)

    async def run(self, work: Callable[[], T]) -> T:
        return await self._connection.run_sync(lambda _: work())


class SessionSource(Source):
    """An `AsyncSession`: the connection that it uses for our table, begun if need be."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._bind = _bind_arguments(session.sync_session)

    @property
    def dialect(self) -> Dialect:
        dialect: Dialect = self._session.sync_session.get_bind(**self._bind).dialect
        return dialect

    async def connect(self) -> Connection:
        return await self._session.run_sync(
            lambda session: session.connection(bind_arguments=self._bind)
        )

    async def run(self, work: Callable[[], T]) -> T:
        return await self._session.run_sync(lambda _: work())


def _bind_arguments(session: Session) -> Any:
    """How the session is asked for the engine of our table.

    As for an UPDATE of it: sessions that route reads elsewhere see that it writes.
    """
    # `binds` is public from SQLAlchemy 2.1 on.
    binds: dict[Any, Any] = getattr(session, "binds", None) or getattr(
        session, "_Session__binds", {}
    )
    ours = (key for key in binds if isinstance(key, Table) and key.name == TABLE.name)
    arguments: dict[str, Any] = {"clause": update(next(ours, TABLE))}
    try:
        session.get_bind(**arguments)
    except UnboundExecutionError as exc:
        engines = list({id(bind): bind for bind in binds.values()}.values())
        if len(engines) != 1:
            raise UnsupportedConnection(f"{type(session).__name__}", _UNBOUND) from exc
        arguments = {"bind": engines[0]}
    return arguments
