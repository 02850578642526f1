"""What is accepted as a source, as type checkers see it: by structure, as `Connection` is."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias


class _Engine(Protocol):
    """SQLAlchemy's `AsyncEngine`."""

    @property
    def sync_engine(self) -> Any: ...
    async def dispose(self, close: bool = True) -> None: ...


class _AsyncpgPool(Protocol):
    """`asyncpg.Pool`."""

    def acquire(self) -> Any: ...
    def get_idle_size(self) -> int: ...


class _PsycopgPool(Protocol):
    """`psycopg_pool.AsyncConnectionPool`."""

    async def getconn(self, timeout: float | None = None) -> Any: ...
    async def putconn(self, conn: Any) -> None: ...


class _MySQLPool(Protocol):
    """The `Pool` of asyncmy or of aiomysql."""

    def acquire(self) -> Any: ...
    def release(self, conn: Any) -> Any: ...
    async def clear(self) -> None: ...


EngineOrPool: TypeAlias = _Engine | _AsyncpgPool | _PsycopgPool | _MySQLPool
