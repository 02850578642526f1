"""From a connection's class to the adapter that knows it.

Looks at the names of the packages that the class comes from and imports nothing to
find out: if the caller holds a connection of a library, that library is imported.

Tracing libraries (ddtrace, elastic-apm, OpenTelemetry) hand out connections in a proxy of
wrapt's, which has the connection in `__wrapped__`. aseq talks to what is in there: the guard
needs what only the library's own class has, so a proxy's spans are bypassed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeVar

from ._layers import instead_of_layer
from .adapters.base import Executor, unsupported, unwrapped

E = TypeVar("E")

# The package that a connection's class comes from, and the module that knows it.
ADAPTERS = {
    "aiomysql": "aseq.adapters.aiomysql",
    "aiosqlite": "aseq.adapters.aiosqlite",
    "asyncmy": "aseq.adapters.asyncmy",
    "asyncpg": "aseq.adapters.asyncpg",
    "django_async_backend": "aseq.django.async_backend",
    "piccolo": "aseq.adapters.piccolo",
    "psycopg": "aseq.adapters.psycopg",
    "psycopg_pool": "aseq.adapters.psycopg",
    "sqlalchemy": "aseq.adapters.sqlalchemy",
    "sqlite3": "aseq.adapters.dbapi",
    "tortoise": "aseq.adapters.tortoise",
}

_OFF_BY_ONE = (
    "with this driver, the statement after a cancelled draw reads the old answer, and so does "
    "every one after it: use asyncmy or aiomysql"
)
_GOES_ON = (
    "with psqlpy, a cancelled draw goes on, and its number is committed though nobody got it: "
    "use asyncpg or psycopg"
)

_ANYTHING_ELSE = (
    "pass an open connection or session of SQLAlchemy (AsyncSession, AsyncConnection), "
    "asyncpg, psycopg, asyncmy, aiomysql, aiosqlite or sqlite3, the client of Tortoise's "
    "in_transaction(), Piccolo's engine, the block of aseq.django.aatomic, or an aseq Executor"
)


PSYCOPG2 = (
    "psycopg2's own connections don't tell all that must be known: use aseq.sync with "
    "SQLAlchemy's Session or Connection over psycopg2, or with a psycopg.Connection (psycopg "
    "3); in Django, use aseq.django.sync"
)


PYMYSQL = (
    "PyMySQL's and mysqlclient's own connections aren't taken: use aseq.sync with SQLAlchemy's "
    "Session or Connection over either; in Django, use aseq.django.sync; in async code, use "
    "asyncmy or aiomysql"
)


def executor_for(connection: object, /) -> Executor:
    """The executor for a connection that the caller holds.

    Raises:
        UnsupportedConnection: no adapter knows the object, or it isn't a connection.
    """
    executor = made(connection, _factory)
    if executor is not None:
        return executor
    if isinstance(connection, Executor):
        return connection
    raise unsupported(connection, {}, _hint(type(connection)))


def _hint(cls: type) -> str:
    """What to pass instead of an object that no adapter knows."""
    packages = [base.__module__.partition(".")[0] for base in cls.__mro__]
    if "psycopg2" in packages:
        return PSYCOPG2
    if {"pymysql", "MySQLdb"} & {*packages}:
        return PYMYSQL
    if {"mariadb", "mysql"} & {*packages}:
        return _OFF_BY_ONE
    if cls.__module__ == "builtins" and cls.__name__ in ("Connection", "Transaction"):
        return _GOES_ON  # psqlpy's, written in Rust
    return instead_of_layer(packages) or _ANYTHING_ELSE


def made(connection: object, factory: Callable[[type], Callable[[Any], E] | None]) -> E | None:
    """The executor that the factory of a class makes; that of what is in a proxy, too."""
    inner = unwrapped(connection, lambda cls: factory(cls) is not None)
    make = factory(type(inner))
    return None if make is None else make(inner)


def found(cls: type, adapters: Mapping[str, str], own: object) -> Callable[[Any], Any] | None:
    """What makes an executor for connections of a class, if there is anything.

    Args:
        cls: the class.
        adapters: for each package, the module that knows its connections.
        own: executors themselves, which are taken as they are.
    """
    for base in cls.__mro__:
        if base is own:
            return _itself
        module = adapters.get(base.__module__.partition(".")[0])
        if module is not None:
            factory: Callable[[Any], Any] = import_module(module).executor_for
            return factory
    return None


@lru_cache(maxsize=256)
def _factory(cls: type) -> Callable[[Any], Executor] | None:
    return found(cls, ADAPTERS, Executor)


def _itself(executor: Any) -> Any:
    return executor
