"""`Issuer`: the public class."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar, overload

from aseq._connection import Connection
from aseq._core.waiting import waiting
from aseq._sequence import AsyncSequence
from aseq.errors import InvalidSequence, IssuerClosed, UnsupportedConnection
from aseq.numbering import Numbering

from ._book import Bookkeeper
from ._desk import Desk
from ._group import Groups
from ._hooks import Hooks, OnBegin, OnIssued
from ._on import On
from ._sources import EngineOrPool, source_for
from ._target import target

V = TypeVar("V", int, str)

NOT_STARTED = "it wasn't started, or is closed: use it inside `async with issuer:`"
STARTED = "it is open already: there is one for each process and event loop"
NO_LOOP = "an issuer runs on asyncio, as the engines and pools do that it gets connections from"


class Issuer(Generic[V]):
    """Numbers drafts that are saved already, many of them in one transaction.

    Save the row without a number and commit; then ask for its number:

        issuer = Issuer(engine, invoice_numbers, Invoice.number)

        async with issuer:                         # in the application's lifespan
            ...
            async with async_session.begin() as session:
                session.add(invoice := Invoice(customer="Ada"))
            number = await issuer.issue(invoice.id)

    All that ask at a time are numbered in one short transaction of the issuer's own, by
    arrival, so the sequence is locked once for all of them and late. The numbers have
    no gaps, like those of `AsyncSequence.next_value`. There are two commits: a draft that was
    saved and never asked for stays a draft, and nothing of the sequence is lost.

    Idempotent by key: whoever asks again, after a cancel, a time-out, a crash or a deployment,
    gets the number that the row has. No row suffers for another: a row that the database
    refuses gets its own error, and the rest of its group is numbered without it.

    There is one issuer in each process and event loop, and there may be several processes. It
    runs on asyncio. It holds one connection while there is work, up to two more while a
    sequence is held by somebody else, and none when there is nothing to do. Waiting callers
    hold none.

    An UPDATE in bulk writes the numbers: defaults such as ``onupdate=`` and ``auto_now``,
    signals and version columns of an ORM take no notice of it; triggers of the database do.

    Args:
        source: a SQLAlchemy `AsyncEngine` (on asyncpg, psycopg or aiosqlite, or on MariaDB or
            MySQL with asyncmy or aiomysql), an `asyncpg.Pool`, a
            `psycopg_pool.AsyncConnectionPool`, or a pool of asyncmy or aiomysql.
        what: gives the numbers: an `AsyncSequence` or a `Numbering`.
        column: the column that gets them: ``Invoice.number``, ``(Invoice, "number")`` or
            "table.column". It is NULL in a draft. It may be an integer or a text.
        key: the column that tells the rows apart; by default, the model's primary key.
        scope: for each scope of the numbering that isn't bound, the column that has it. It is
            read when the row is locked.
        at_column: a column that gets the moment of the number.
        timeout: seconds that a caller waits at most, unless it says otherwise.
        limit: how many callers may wait.
        ledger: a `Ledger` that gets a row for each number, in the same transaction. The key
            of the document is the row's table and key there, as "invoice/7". A row for which
            the ledger has a number gets that one, and is refused if it is void.
        by: who issues, for the ledger.
        on_begin: awaited with the connection at the beginning of each transaction: to set a
            tenant, for example. What it raises is raised to each caller of the group.
        on_issued: awaited with the connection and what was issued, in the transaction, before
            it commits: to write events. What it raises is isolated as a row's own fault, so it
            may be called again with fewer rows. It must use no other connection, and do
            nothing that can't be rolled back.

    Raises:
        InvalidSequence: an argument can't work.
        UnsupportedConnection: `source` is neither an engine nor a pool.
    """

    @overload
    def __init__(
        self: Issuer[int],
        source: EngineOrPool,
        what: AsyncSequence,
        column: object,
        *,
        key: object = None,
        scope: None = None,
        at_column: None = None,
        timeout: float = 10,
        limit: int = 10_000,
        ledger: Bookkeeper | None = None,
        by: str | None = None,
        on_begin: OnBegin | None = None,
        on_issued: OnIssued | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Issuer[str],
        source: EngineOrPool,
        what: Numbering,
        column: object,
        *,
        key: object = None,
        scope: Mapping[str, object] | None = None,
        at_column: object = None,
        timeout: float = 10,
        limit: int = 10_000,
        ledger: Bookkeeper | None = None,
        by: str | None = None,
        on_begin: OnBegin | None = None,
        on_issued: OnIssued | None = None,
    ) -> None: ...

    def __init__(
        self,
        source: EngineOrPool,
        what: AsyncSequence | Numbering,
        column: object,
        *,
        key: object = None,
        scope: Mapping[str, object] | None = None,
        at_column: object = None,
        timeout: float = 10,
        limit: int = 10_000,
        ledger: Bookkeeper | None = None,
        by: str | None = None,
        on_begin: OnBegin | None = None,
        on_issued: OnIssued | None = None,
    ) -> None:
        found = target(
            what, column, key=key, scope=scope, at_column=at_column, ledger=ledger, by=by
        )
        self._source = source_for(source)
        self._called = f"{type(source).__module__}.{type(source).__qualname__}"
        self._groups = Groups(found, Hooks(on_begin, on_issued))
        self._timeout, self._limit = check_timeout(timeout), check_limit(limit)
        self._desk: Desk | None = None
        self._on: On | None = None

    async def issue(self, key: object, *, timeout: float | None = None) -> V:
        """Give the row a number, if it has none yet.

        Waits until the number is committed. Cancelling is safe: nobody else is cancelled, and
        the row gets a number or not. Whoever asks again gets the one that it has.

        Args:
            key: of the row, which is committed: an integer, a text or a UUID. On MariaDB and
                MySQL, bytes too.
            timeout: seconds to wait at most, from now on, whatever for: the row, if somebody
                has it locked; the sequence, if somebody holds it (a transaction of the
                caller's own, too); a connection. By default as the issuer says.

        Returns:
            what the column holds, committed; what it has held, if it had a number.

        Raises:
            NotIssuable: the row isn't there: deleted, or not committed yet.
            RowRefused: a trigger kept the number from being saved as it was drawn.
            InvalidRow: the number that the ledger has for the row is void.
            IssueTimeout: the time is over. The row may get a number later.
            IssuerFull: as many wait as may.
            IssuerClosed: it isn't open, is closed meanwhile, or can't be used here: in another
                event loop, or in a process that was forked off.
            InvalidSequence: `key` or `timeout` can't work.
            AseqError: SequenceExhausted and others that `AsyncSequence.next_value` raises.
            Exception: the database refused the row: the driver's own error.
        """
        check_key(key)
        seconds = self._timeout if timeout is None else check_timeout(timeout)
        if self._on is not None:
            return await self._on.issue(key, seconds)  # type: ignore[return-value]
        if self._desk is None:
            raise IssuerClosed(NOT_STARTED)
        call = self._desk.ask(key, seconds)
        try:
            return await call.future  # type: ignore[no-any-return]
        finally:
            self._desk.leave(call)

    def on(self, conn: Connection, /) -> AbstractAsyncContextManager[Self]:
        """Issue on a given connection instead, inside its transaction: for tests.

        A test that rolls back at its end has drafts that nobody else can see. Inside this
        block, `issue` works on the test's connection, in a savepoint, one row at a time, and
        commits nothing. The issuer needn't be open.

            async with issuer.on(session):
                response = await client.post("/invoices")

        Args:
            conn: of SQLAlchemy, asyncpg, psycopg or aiosqlite, in a transaction.

        Returns:
            an asynchronous context manager, which gives the issuer.

        Raises:
            UnsupportedConnection: it is none of these.
        """
        return self._issuing_on(On(conn, self._groups))

    @asynccontextmanager
    async def _issuing_on(self, on: On) -> AsyncIterator[Self]:
        before, self._on = self._on, on
        try:
            yield self
        finally:
            self._on = before

    async def __aenter__(self) -> Self:
        """Start it, in the event loop that this runs in."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise UnsupportedConnection(self._called, NO_LOOP) from None
        if self._desk is not None:
            raise IssuerClosed(STARTED)
        self._desk = Desk(
            self._source, self._groups, shared=self._groups.shared, limit=self._limit
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        """Close it: nothing more is taken, and what waits is numbered first.

        If the block is left by an error, or this is cancelled, all that wait get
        `IssuerClosed` instead.
        """
        try:
            if self._desk is not None:
                await self._desk.close(drain=exc is None)
        finally:
            self._desk = None
        return False


def check_timeout(timeout: float) -> float:
    """How long a caller says it waits at most.

    Raises:
        InvalidSequence: it can't work.
    """
    seconds = waiting(nowait=False, timeout=timeout).seconds
    if seconds is None:
        raise InvalidSequence("timeout", "must be a number of seconds, not None")
    return seconds


def check_limit(limit: int) -> int:
    """How many callers may wait.

    Raises:
        InvalidSequence: it can't work.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidSequence("limit", f"must be an integer of at least 1, not {limit!r}")
    return limit


def check_key(key: object) -> None:
    """Refuse what is no row's key.

    Raises:
        InvalidSequence: it isn't.
    """
    if key is None or isinstance(key, bool) or not isinstance(key, Hashable):
        raise InvalidSequence("key", f"must be that of a row, not {key!r}")
    try:
        str(key).encode()
    except UnicodeEncodeError:  # it would break the connection, again and again
        raise InvalidSequence("key", f"is {key!r}, which is no text in UTF-8") from None
    except ValueError:
        raise InvalidSequence("key", "must be that of a row, not a huge number") from None
