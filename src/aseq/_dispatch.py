"""From a connection's class to the adapter that knows it.

Looks at the names of the packages that the class comes from and imports nothing to
find out: if the caller holds a connection of a library, that library is imported.

Tracing libraries (ddtrace, elastic-apm, OpenTelemetry) hand out connections in a proxy of
wrapt's, which has the connection in `__wrapped__`. aseq talks to what is in there: the guard
needs what only the library's own class has, so a proxy's spans are bypassed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from .adapters.base import Executor, unsupported, unwrapped

# The package that a connection's class comes from, and the module that knows it.
ADAPTERS = {
    "aiosqlite": "aseq.adapters.aiosqlite",
    "asyncpg": "aseq.adapters.asyncpg",
    "django_async_backend": "aseq.django.async_backend",
    "psycopg": "aseq.adapters.psycopg",
    "psycopg_pool": "aseq.adapters.psycopg",
    "sqlalchemy": "aseq.adapters.sqlalchemy",
    "sqlite3": "aseq.adapters.dbapi",
    "tortoise": "aseq.adapters.tortoise",
}

_ANYTHING_ELSE = (
    "pass an open connection or session of SQLAlchemy (AsyncSession, AsyncConnection), "
    "asyncpg, psycopg, aiosqlite or sqlite3, the client of Tortoise's in_transaction(), the "
    "block of aseq.django.aatomic, or an aseq Executor"
)


def executor_for(connection: object, /) -> Executor:
    """The executor for a connection that the caller holds.

    Raises:
        UnsupportedConnection: no adapter knows the object, or it isn't a connection.
    """
    inner = unwrapped(connection, lambda cls: _factory(cls) is not None)
    factory = _factory(type(inner))  # type: ignore[arg-type]  # a class is hashable
    if factory is not None:
        return factory(inner)
    if isinstance(connection, Executor):
        return connection
    raise unsupported(connection, {}, _ANYTHING_ELSE)


@lru_cache(maxsize=256)
def _factory(cls: type) -> Callable[[Any], Executor] | None:
    for base in cls.__mro__:
        if base is Executor:
            return _itself
        module = ADAPTERS.get(base.__module__.partition(".")[0])
        if module is not None:
            factory: Callable[[Any], Executor] = import_module(module).executor_for
            return factory
    return None


def _itself(executor: Executor) -> Executor:
    return executor
