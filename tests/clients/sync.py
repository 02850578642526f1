"""Connections of sync code: aseq.sync works on them, in worker threads, behind the same verbs.

The contract suite awaits the verbs of `AsyncSequence` and its like. On these connections it is
the twins of aseq.sync that are called (`use_aseq_sync`), each in a thread of its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FunctionType, ModuleType
from typing import Any, ClassVar

import anyio
import pytest
from pymysql.constants import CLIENT
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

import aseq.audit
import aseq.issuing
from aseq import AsyncSequence, sync
from aseq.ledger import Ledger
from aseq.numbering import Numbering
from aseq.sqlalchemy import begin_immediate

from .base import PATIENCE, Client, ended, in_thread
from .sqlite import Sqlite3, Sqlite3Legacy
from .threads import PsycopgThread, PsycopgThreadBlock


class SyncPsycopg(PsycopgThread):
    awaited: ClassVar[bool] = False


class SyncPsycopgBlock(PsycopgThreadBlock):
    awaited: ClassVar[bool] = False


class SyncSqlite3(Sqlite3):
    awaited: ClassVar[bool] = False


class SyncSqlite3Legacy(Sqlite3Legacy):
    awaited: ClassVar[bool] = False


class SyncSession(Client):
    """A `Session`, which begins by itself: the block only ends the transaction."""

    awaited: ClassVar[bool] = False
    driver: ClassVar[str] = "postgresql+psycopg"
    engine: Engine

    def make_engine(self) -> Engine:
        return create_engine(self.driver + self.url[self.url.index(":") :])

    async def open(self) -> None:
        self.engine = self.make_engine()
        self.conn = Session(self.engine)

    async def close(self) -> None:
        await in_thread(self.conn.close)
        self.engine.dispose()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return ended(self)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        block = await in_thread(self.conn.begin_nested)
        try:
            yield
        except BaseException:
            with anyio.CancelScope(shield=True):
                await in_thread(block.rollback)
            raise
        await in_thread(block.commit)

    async def execute(self, sql: str) -> None:
        await in_thread(lambda: self.conn.execute(text(sql)))

    async def scalar(self, sql: str) -> Any:
        return await in_thread(lambda: self.conn.execute(text(sql)).scalar_one())

    async def commit(self) -> None:
        await in_thread(self.conn.commit)

    async def rollback(self) -> None:
        await in_thread(self.conn.rollback)


class SyncSessionPsycopg(SyncSession):
    pass


class SyncSessionPsycopg2(SyncSession):
    driver = "postgresql+psycopg2"


class SyncConnectionPsycopg(SyncSession):
    async def open(self) -> None:
        self.engine = self.make_engine()
        self.conn = await in_thread(self.engine.connect)


class SyncSessionPymysql(SyncSession):
    """It may send several statements at once, as those of the other drivers may unasked."""

    driver = "mysql+pymysql"

    def make_engine(self) -> Engine:
        flags = {"client_flag": CLIENT.MULTI_STATEMENTS}
        return create_engine(self.driver + self.url[self.url.index(":") :], connect_args=flags)


class SyncConnectionMysqlclient(SyncConnectionPsycopg):
    driver = "mysql+mysqldb"
    needs_mysqlclient = True


class SyncSessionSqlite(SyncSession):
    def make_engine(self) -> Engine:
        return begin_immediate(sqlite_engine(self.url))


class SyncSessionSqliteDefault(SyncSession):
    """Without the recipe: sqlite3 begins by itself before the first write."""

    draws_in_savepoints = False

    def make_engine(self) -> Engine:
        return sqlite_engine(self.url)


def sqlite_engine(file: str) -> Engine:
    connect_args = {"timeout": PATIENCE, "check_same_thread": False}
    return create_engine(f"sqlite:///{file}", connect_args=connect_args)


Verb = Callable[..., Awaitable[Any]]


def _awaited(function: Callable[..., Any]) -> Verb:
    async def verb(*args: Any, **kwargs: Any) -> Any:
        return await in_thread(lambda: function(*args, **kwargs))

    return verb


def _of_sequence(name: str) -> Verb:
    def call(sequence: AsyncSequence, *args: Any, **kwargs: Any) -> Any:
        return getattr(sync.Sequence.of(sequence), name)(*args, **kwargs)

    return _awaited(call)


def _iterate(sequence: AsyncSequence, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
    values = sync.Sequence.of(sequence).iterate(*args, **kwargs)

    async def turns() -> AsyncGenerator[Any, None]:
        while True:
            yield await in_thread(lambda: next(values))

    return turns()


def _of_numbering(name: str) -> Verb:
    def call(numbering: Numbering, *args: Any, **kwargs: Any) -> Any:
        return getattr(sync.Numbering.of(numbering), name)(*args, **kwargs)

    return _awaited(call)


def _allocate(conn: Any, wanted: Any, /, **kwargs: Any) -> Any:
    if not isinstance(wanted, dict):
        return sync.allocate(conn, wanted, **kwargs)
    twins = {each: _twin(each) for each in wanted}
    drawn: Any = sync.allocate(conn, {twins[each]: wanted[each] for each in wanted}, **kwargs)
    return {each: drawn[twins[each]] for each in wanted}


def _twin(what: Any) -> Any:
    if isinstance(what, Numbering):
        return sync.Numbering.of(what)
    return sync.Sequence.of(what) if isinstance(what, AsyncSequence) else what


def _number_rows(conn: Any, what: Any, *args: Any, **kwargs: Any) -> Any:
    return sync.number_rows(conn, _twin(what), *args, **kwargs)


def _audit(conn: Any, column: Any, what: Any, **kwargs: Any) -> Any:
    return sync.audit(conn, column, _twin(what), **kwargs)


def _of_ledger(name: str) -> Verb:
    def call(ledger: Ledger, conn: Any, *args: Any, **kwargs: Any) -> Any:
        if "of" in kwargs:
            kwargs["of"] = _twin(kwargs["of"])
        twins = [_twin(each) for each in args]
        return getattr(sync.Ledger(ledger.table), name)(conn, *twins, **kwargs)

    return _awaited(call)


FUNCTIONS: dict[Any, Verb] = {
    aseq.allocate: _awaited(_allocate),
    aseq.audit.audit: _awaited(_audit),
    aseq.issuing.number_rows: _awaited(_number_rows),
    aseq.create_table: _awaited(sync.create_table),
    aseq.drop_table: _awaited(sync.drop_table),
}
"""Those of aseq, and their twins in sync code."""


def use_aseq_sync(patch: pytest.MonkeyPatch, modules: Iterable[ModuleType]) -> None:
    """Let the verbs be those of aseq.sync, as far as these modules call them."""
    for name in ("next_value", "next_values", "last_value", "advance_to", "delete"):
        patch.setattr(AsyncSequence, name, _of_sequence(name))
    patch.setattr(AsyncSequence, "iterate", _iterate)
    for name in ("next", "next_many", "preview", "take_over"):
        patch.setattr(Numbering, name, _of_numbering(name))
    for name in ("issue", "issue_many", "void", "create_table", "drop_table", "create_guard"):
        patch.setattr(Ledger, name, _of_ledger(name))
    for module in (aseq, aseq.audit, aseq.issuing, *modules):
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value in FUNCTIONS:
                patch.setattr(module, name, FUNCTIONS[value])
