"""From a connection's class to the adapter that knows it in sync code; see `aseq._dispatch`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any

from aseq._dispatch import PSYCOPG2, PYMYSQL, found, made
from aseq.adapters.base import SyncExecutor, unsupported

ADAPTERS = {
    "psycopg": "aseq.adapters.sync.psycopg",
    "psycopg_pool": "aseq.adapters.sync.psycopg",
    "sqlalchemy": "aseq.adapters.sync.sqlalchemy",
    "sqlite3": "aseq.adapters.sync.sqlite3",
}

_ANYTHING_ELSE = (
    "pass an open connection or session of SQLAlchemy (Session, Connection), a "
    "psycopg.Connection, a sqlite3.Connection, or an aseq SyncExecutor"
)

_AWAITED = "it is for async code: use aseq.AsyncSequence and the other names of aseq there"

_ELSEWHERE = {
    "MySQLdb": PYMYSQL,
    "aiomysql": _AWAITED,
    "aiosqlite": _AWAITED,
    "asyncmy": _AWAITED,
    "asyncpg": _AWAITED,
    "django": "use aseq.django.sync, which finds Django's connection by itself",
    "django_async_backend": _AWAITED,
    "psycopg2": PSYCOPG2,
    "pymysql": PYMYSQL,
    "tortoise": _AWAITED,
}


def executor_for(connection: object, /) -> SyncExecutor:
    """The executor for a connection that the caller holds.

    Raises:
        UnsupportedConnection: no adapter knows the object, or it isn't a sync connection.
    """
    executor = made(connection, _factory)
    if executor is not None:
        return executor
    if isinstance(connection, SyncExecutor) and not iscoroutinefunction(connection.fetch):
        return connection
    packages = (base.__module__.partition(".")[0] for base in type(connection).__mro__)
    hints = [_ELSEWHERE[package] for package in packages if package in _ELSEWHERE]
    raise unsupported(connection, {}, hints[0] if hints else _ANYTHING_ELSE)


@lru_cache(maxsize=256)
def _factory(cls: type) -> Callable[[Any], SyncExecutor] | None:
    return found(cls, ADAPTERS, SyncExecutor)
