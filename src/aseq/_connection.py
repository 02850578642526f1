"""`Connection`: what a number can be drawn on, as type checkers see it.

By structure, never by a union of the libraries' own classes: a checker takes a class of a
library that has no types (asyncpg), or that isn't installed, for ``Any``, and one ``Any``
makes the whole union accept everything. So each protocol names two or three members that a
library's connection has, and its engine, pool, sessionmaker and sync twin haven't.

Two things get through. An `AsyncEngine.connect()` that wasn't entered *is* an
`AsyncConnection`. And without stubs for asyncpg, mypy takes `asyncpg.Pool` for ``Any``.
At run time `aseq._dispatch` refuses both, with a hint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

from .adapters.base import Executor

if TYPE_CHECKING:
    import sqlite3


class _SQLAlchemySession(Protocol):
    """`AsyncSession`, SQLModel's, and `async_scoped_session`."""

    async def flush(self, objects: Any = None) -> None: ...
    async def invalidate(self) -> None: ...


class _SQLAlchemyConnection(Protocol):
    """SQLAlchemy's `AsyncConnection`."""

    async def exec_driver_sql(self, statement: str, /) -> Any: ...
    async def invalidate(self, exception: BaseException | None = None) -> None: ...


class _Asyncpg(Protocol):
    """`asyncpg.Connection`."""

    def is_in_transaction(self) -> bool: ...
    def add_query_logger(self, callback: Any, /) -> None: ...


class _AsyncpgProxy(Protocol):
    """What asyncpg's pool hands out. A metaclass makes its methods: stubs don't show them."""

    _con: Any
    _holder: Any


class _Psycopg(Protocol):
    """`psycopg.AsyncConnection`, and the sync `psycopg.Connection`."""

    @property
    def info(self) -> Any: ...
    @property
    def pgconn(self) -> Any: ...
    def pipeline(self) -> Any: ...


class _MySQL(Protocol):
    """The connections of asyncmy and aiomysql."""

    def get_transaction_status(self) -> Any: ...
    async def show_warnings(self) -> Any: ...


class _Aiosqlite(Protocol):
    """`aiosqlite.Connection`."""

    @property
    def in_transaction(self) -> bool: ...
    async def set_progress_handler(self, handler: Any, n: int, /) -> None: ...


class _TortoiseClient(Protocol):
    """What Tortoise's `in_transaction()` yields."""

    async def execute_query_dict(self, query: str, values: Any = None, /) -> Any: ...
    def acquire_connection(self) -> Any: ...


class _Piccolo(Protocol):
    """Piccolo's engine."""

    @property
    def current_transaction(self) -> Any: ...
    async def run_querystring(self, querystring: Any, in_pool: bool = True) -> Any: ...


class _PiccoloTransaction(Protocol):
    """What Piccolo's `DB.transaction()` yields."""

    connection: Any

    async def rollback_to(self, savepoint_name: str) -> Any: ...


Connection: TypeAlias = Union[  # a forward reference can't stand beside `|`
    _SQLAlchemySession,
    _SQLAlchemyConnection,
    _Asyncpg,
    _AsyncpgProxy,
    _Psycopg,
    _MySQL,
    _Aiosqlite,
    _TortoiseClient,
    _Piccolo,
    _PiccoloTransaction,
    Executor,
    "sqlite3.Connection",
]
"""A connection that the caller holds: for annotations of code that passes one on."""
