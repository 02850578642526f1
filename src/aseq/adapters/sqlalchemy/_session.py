"""From what the caller passes to the one synchronous connection that does the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Dialect, Engine, MetaData, Table, update
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from aseq.adapters.base import unsupported

from ._listeners import watch
from ._table import TABLE

T = TypeVar("T")

ENDED = (
    "the transaction that SQLAlchemy began was ended without it, by SQL sent by hand for "
    "example: roll back first"
)

_NO_ENGINE = "it has no engine: `AsyncSession(engine)`"
_UNBOUND = (
    "its binds don't say which engine has the table of sequences: add "
    "`sequence_table(metadata): engine` to them, or pass "
    '`await session.connection(bind_arguments={"mapper": Invoice})`'
)


class Source(Protocol):
    """Where the connection comes from.

    Attributes:
        given: what the caller passed.
    """

    given: object

    @property
    def dialect(self) -> Dialect:
        """The dialect, known before there is a connection."""
        ...

    @property
    def engine(self) -> Engine:
        """The engine that the connection is one of."""
        ...

    async def connect(self) -> tuple[Connection, Any]:
        """The connection, in the transaction of the caller, and the DBAPI's under it."""
        ...

    def schemas(self, connection: Connection) -> Mapping[str | None, str | None]:
        """The schemas that a statement of the caller's would find instead of others."""
        ...

    async def run(self, work: Callable[[], T]) -> T:
        """Run synchronous code that uses the connection."""
        ...


class ConnectionSource(Source):
    """An `AsyncConnection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.given = self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    @property
    def engine(self) -> Engine:
        return self._connection.sync_engine

    async def connect(self) -> tuple[Connection, Any]:
        # If it isn't open, SQLAlchemy's own error says what is missing.
        return await self._connection.run_sync(_begun)

    def schemas(self, connection: Connection) -> Mapping[str | None, str | None]:
        return _schemas(connection.get_execution_options())

    async def run(self, work: Callable[[], T]) -> T:
        return await self._connection.run_sync(lambda _: work())


class SessionSource(Source):
    """An `AsyncSession`: the connection that it uses for our table, begun if need be."""

    def __init__(self, session: AsyncSession) -> None:
        self.given = self._session = session
        self._sync = SyncSessionSource(session.sync_session, session)

    @property
    def dialect(self) -> Dialect:
        return self._sync.dialect

    @property
    def engine(self) -> Engine:
        return self._sync.engine

    async def connect(self) -> tuple[Connection, Any]:
        return await self._session.run_sync(lambda _: self._sync.connect())

    def schemas(self, connection: Connection) -> Mapping[str | None, str | None]:
        return self._sync.schemas(connection)

    async def run(self, work: Callable[[], T]) -> T:
        return await self._session.run_sync(lambda _: work())


class SyncSource(Protocol):
    """As `Source`, in sync code."""

    given: object

    @property
    def dialect(self) -> Dialect:
        """The dialect, known before there is a connection."""
        ...

    @property
    def engine(self) -> Engine:
        """The engine that the connection is one of."""
        ...

    def connect(self) -> tuple[Connection, Any]:
        """The connection, in the transaction of the caller, and the DBAPI's under it."""
        ...

    def schemas(self, connection: Connection) -> Mapping[str | None, str | None]:
        """The schemas that a statement of the caller's would find instead of others."""
        ...


class SyncConnectionSource(SyncSource):
    """A `Connection`."""

    def __init__(self, connection: Connection) -> None:
        self.given = self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    @property
    def engine(self) -> Engine:
        return self._connection.engine

    def connect(self) -> tuple[Connection, Any]:
        return _begun(self._connection)

    def schemas(self, connection: Connection) -> Mapping[str | None, str | None]:
        return _schemas(connection.get_execution_options())


class SyncSessionSource(SyncSource):
    """A `Session`: the connection that it uses for our table, begun if need be.

    Args:
        session: the session.
        given: the one that the caller passed, if that is another.
    """

    def __init__(self, session: Session, given: object = None) -> None:
        self.given, self._session = given or session, session
        self._bind = _bind(session, self.given)

    @property
    def dialect(self) -> Dialect:
        return self._bind.dialect

    @property
    def engine(self) -> Engine:
        return self._bind.engine

    def connect(self) -> tuple[Connection, Any]:
        return _begun(self._session.connection(bind_arguments={"bind": self._bind}))

    def schemas(self, connection: Connection) -> Mapping[str | None, str | None]:
        # A session has options of its own from SQLAlchemy 2.1 on.
        own: Mapping[str, Any] = getattr(self._session, "execution_options", {})
        return _schemas({**connection.get_execution_options(), **own})


def _schemas(options: Mapping[str, Any]) -> Mapping[str | None, str | None]:
    return options.get("schema_translate_map") or {}


def _begun(connection: Connection) -> tuple[Connection, Any]:
    """In the transaction that a first statement would begin, with the DBAPI's connection."""
    # As for a statement: a connection that was invalidated connects again.
    dbapi = connection.connection.dbapi_connection
    watch(connection.engine)
    if connection.get_transaction() is None:
        connection.begin()
    return connection, dbapi


def _bind(session: Session, given: object) -> Engine | Connection:
    """The engine of our table.

    Asked for as for an UPDATE: a session that reads from elsewhere sees that we write.
    """
    # `binds` is public from SQLAlchemy 2.1 on.
    binds: Mapping[Any, Engine | Connection] = getattr(session, "binds", None) or getattr(
        session, "_Session__binds", {}
    )
    tables = [key for key in binds if _is_ours(key)]
    try:
        if len({binds[table] for table in tables}) < 2:
            return session.get_bind(clause=update(*tables[:1] or [TABLE]))
    except UnboundExecutionError:
        if not binds:
            raise unsupported(given, {}, _words(_NO_ENGINE, given)) from None
    # The engine of a declarative base that has our table, or else the only one.
    engines = {bind for key, bind in binds.items() if _has_ours(key)} or {*binds.values()}
    if len(engines) != 1:
        raise unsupported(given, {}, _words(_UNBOUND, given))
    return engines.pop()


def _words(text: str, given: object) -> str:
    """A text as it is right for async code, or for sync code."""
    return (
        text
        if isinstance(given, AsyncSession)
        else text.replace("Async", "").replace("await ", "")
    )


def _is_ours(table: object) -> bool:
    return isinstance(table, Table) and table.columns.keys() == TABLE.columns.keys()


def _has_ours(base: Any) -> bool:
    metadata = getattr(base, "metadata", None)
    return isinstance(metadata, MetaData) and any(map(_is_ours, metadata.tables.values()))
