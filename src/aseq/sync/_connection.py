"""`Connection`: what sync code can draw a number on, as type checkers see it.

By structure, as in `aseq._connection`. What is awaited gives a coroutine, and not None, so the
twins of these for async code don't fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

from aseq.adapters.base import SyncExecutor

if TYPE_CHECKING:
    import sqlite3


class _SQLAlchemySession(Protocol):
    """`Session`, SQLModel's, and `scoped_session`."""

    def flush(self, objects: Any = None) -> None: ...
    def commit(self) -> None: ...


class _SQLAlchemyConnection(Protocol):
    """SQLAlchemy's `Connection`."""

    @property
    def default_isolation_level(self) -> Any: ...
    def invalidate(self, exception: BaseException | None = None) -> None: ...
    def commit(self) -> None: ...


class _Psycopg(Protocol):
    """`psycopg.Connection`."""

    @property
    def pgconn(self) -> Any: ...
    def commit(self) -> None: ...


Connection: TypeAlias = Union[  # a forward reference can't stand beside `|`
    _SQLAlchemySession,
    _SQLAlchemyConnection,
    _Psycopg,
    SyncExecutor,
    "sqlite3.Connection",
]
"""A connection that the caller holds: for annotations of code that passes one on."""
