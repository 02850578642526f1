"""Connections for an issuer's desk: `aatomic` blocks, in a thread that is kept between them.

The desk's task has a context of its own, in which no request is. So its blocks are on
connections of their own, and never on that of a request; the thread is closed, with its
connections, as soon as there is nothing to do. Under sync code (the test client, a TestCase,
`async_to_sync` in WSGI) blocks are on that code's connection, as all its async code is:
inside its transaction, if it has one open.

Django ends a transaction in which something failed with a ROLLBACK, and says nothing. So a
group counts as committed only if `on_commit` was called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

from django.db import Error, connections
from django.db.transaction import TransactionManagementError

from aseq._core.dialects import MARIADB, POSTGRESQL, SQLITE, Dialect
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Paramstyle, Row
from aseq.adapters.base import Executor
from aseq.django import conf
from aseq.django._block.atomic import AsyncAtomic, aatomic
from aseq.django._block.block import Block
from aseq.django._block.kept import KeptThread
from aseq.errors import UnsupportedConnection
from aseq.issuing._hooks import HookFailed
from aseq.issuing._sources import Link, Source

from .level import Level

T = TypeVar("T")

NOT_BEGUN = "begin a block first"
ROLLED_BACK = "the transaction of a group was rolled back"
_NOT_HERE = (
    "an issuer works on PostgreSQL, MariaDB, MySQL and SQLite alone. Draw the number with "
    "get_next_value, in the transaction that saves the row"
)

# By Django's `connection.vendor`. Which of its two a "mysql" is, a block finds out.
_ASSUMED = {"mysql": MARIADB, "postgresql": POSTGRESQL, "sqlite": SQLITE}


class _Leave(Exception):
    """Leaves a block, which rolls back."""


def dialect_of_issuer(using: str) -> Dialect:
    """The dialect of a database that an issuer is to work on. Its server isn't asked.

    Raises:
        UnsupportedConnection: no issuer works there.
    """
    dialect = _ASSUMED.get(connections[using].vendor)
    if dialect is None:
        raise UnsupportedConnection(f"the database {using!r}", _NOT_HERE)
    return dialect


class NoBlock(Executor):
    """What is known of a database before the first block; nothing can be done."""

    kind = "django"
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (Error,)

    def __init__(self, using: str) -> None:
        self.dialect = dialect_of_issuer(using)

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        return conf.adapt(spec)

    def outside_transaction(self) -> str | None:
        return NOT_BEGUN

    async def fetch(self, *_: object, **__: object) -> Sequence[Row]:
        raise TransactionManagementError(NOT_BEGUN)

    async def abort(self) -> bool:
        return False

    def terminate(self) -> None:
        return


class BlockLink(Link):
    """A thread in which blocks begin and end."""

    conn: Block | NoBlock

    def __init__(self, using: str, thread: KeptThread) -> None:
        self.conn = NoBlock(using)
        self._using, self._thread = using, thread
        self._atomic: AsyncAtomic | None = None
        self._level = Level(using)
        self._nested, self._committed = False, False
        self._callbacks: list[tuple[str, list[Any]]] = []

    async def begin(self) -> None:
        self._thread.enter()
        atomic, self._committed, self._callbacks = aatomic(self._using), False, []
        try:
            self.conn = block = await atomic.__aenter__()
        except TransactionManagementError as exc:  # so it is each time: told to all
            raise HookFailed(exc) from exc
        self._atomic = atomic
        await self._run(self._prepare)
        block.on_commit(self._note)

    def _prepare(self) -> None:
        connection = connections[self._using]
        self._nested = len(connection.atomic_blocks) > 1
        if not self._nested:
            self._level.set()

    def _note(self) -> None:
        self._committed = True

    async def execute(self, sql: str) -> None:
        await self._run(lambda: self._execute(sql))

    def _execute(self, sql: str) -> None:
        connection = connections[self._using]
        back = sql.startswith("ROLLBACK TO")
        if back:  # Django knows nothing of our savepoints: it would refuse this, too
            connection.needs_rollback = False
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        except BaseException:
            connection.needs_rollback = True
            raise
        self._remember(connection, sql)

    async def check(self) -> None:
        await self._run(self._check)

    def _check(self) -> None:
        """Django itself says nothing any more once something in a transaction has failed."""
        connection = connections[self._using]
        before, connection.needs_rollback = connection.needs_rollback, False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        finally:
            connection.needs_rollback = before

    def _remember(self, connection: Any, sql: str) -> None:
        """What was to be done after the commit of a part isn't, if that is rolled back.

        Django knows of its own savepoints only.
        """
        name = sql.rpartition(" ")[2]
        if sql.startswith("SAVEPOINT"):
            self._callbacks.append((name, list(connection.run_on_commit)))
        elif name in (known for known, _ in self._callbacks):
            while self._callbacks[-1][0] != name:  # savepoints inside it are gone
                self._callbacks.pop()
            if sql.startswith("ROLLBACK TO"):
                connection.run_on_commit = list(self._callbacks[-1][1])
            else:
                self._callbacks.pop()

    async def _run(self, work: Callable[[], T]) -> T:
        block = cast("Block", self.conn)
        return await block._calls.run(work)

    async def commit(self) -> None:
        spoilt = await self._run(lambda: connections[self._using].needs_rollback)
        if spoilt:
            raise TransactionManagementError(ROLLED_BACK)
        await self._set_level_back()
        await self._leave(None)
        if not (self._committed or self._nested):
            raise ConnectionError(ROLLED_BACK)

    async def rollback(self) -> None:
        await self._set_level_back()
        await self._leave(_Leave())

    async def _set_level_back(self) -> None:
        if self._level.is_changed:
            block = cast("Block", self.conn)
            await block._calls.run_to_its_end(self._level.set_back)

    async def _leave(self, exc: BaseException | None) -> None:
        atomic, self._atomic = self._atomic, None
        if atomic is not None:  # it is after a COMMIT that was refused
            await atomic.__aexit__(None if exc is None else type(exc), exc, None)

    async def release(self) -> None:
        await self._thread.close()

    async def give_up(self) -> None:
        try:
            # A cancelled block waits for nothing long.
            await self._leave(asyncio.CancelledError())
        finally:
            await self._thread.close()


class BlockSource(Source):
    """The database of an alias."""

    kind = "django"

    def __init__(self, using: str) -> None:
        dialect_of_issuer(using)  # refuses what isn't there, or can't number rows
        self._using = using

    async def connect(self) -> Link:
        return BlockLink(self._using, await KeptThread.start())
