"""Tortoise ORM: what `in_transaction()` yields, on PostgreSQL, MariaDB, MySQL and SQLite.

A statement runs on the driver's connection under the client, in the client's turn and with
Tortoise's own errors. `execute_query_dict` can't say whether a call that was cancelled had
sent its statement or was still waiting for its turn; the adapters of the drivers can.
"""

from __future__ import annotations

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from aseq._core.dialects import MARIADB, POSTGRESQL
from aseq.adapters.base import Executor, unsupported

from ._block import CLIENT, check_open

_BACKENDS = "its backend must be asyncpg, psycopg, mysql or sqlite"

_HINTS = {
    "TransactionContext": f"enter the block: {CLIENT}",
    "Tortoise": f"it has no transaction: {CLIENT}",
    "BaseDBAsyncClient": _BACKENDS,
}


def executor_for(connection: object, /) -> Executor:
    """The executor for a client of Tortoise.

    Raises:
        UnsupportedConnection: not a client, or that of a block which has ended or is
            another task's.
    """
    if isinstance(connection, BaseDBAsyncClient):
        for base in type(connection).__mro__:
            package, _, backend = base.__module__.rpartition(".client")[0].rpartition(".")
            factory = _FACTORIES.get(backend) if package == "tortoise.backends" else None
            if factory is not None:
                check_open(connection)
                return factory(connection)
    raise unsupported(connection, _HINTS, f"pass the client of the transaction: {CLIENT}")


def _on_asyncpg(client: Any) -> Executor:
    from aseq.adapters.asyncpg import AsyncpgExecutor

    return _on_postgres(client, AsyncpgExecutor)


def _on_psycopg(client: Any) -> Executor:
    from aseq.adapters.psycopg import PsycopgExecutor

    return _on_postgres(client, PsycopgExecutor)


def _on_postgres(client: Any, driver: type[Executor]) -> Executor:
    from tortoise.backends.base_postgres.client import translate_exceptions

    from ._pooled import PooledClient

    return PooledClient(client, driver, POSTGRESQL, translate_exceptions)


def _on_mysql(client: Any) -> Executor:
    from tortoise.backends.mysql import client as backend

    from ._pooled import PooledClient

    found: Any = backend  # the driver is whichever was installed
    if found.mysql.__name__ == "asyncmy":
        from aseq.adapters.asyncmy import AsyncmyExecutor

        return PooledClient(client, AsyncmyExecutor, MARIADB, backend.translate_exceptions)
    from aseq.adapters.aiomysql import AiomysqlExecutor

    return PooledClient(client, AiomysqlExecutor, MARIADB, backend.translate_exceptions)


def _on_sqlite(client: Any) -> Executor:
    from ._sqlite import SqliteClient

    return SqliteClient(client)


# By the package of Tortoise that a client's class comes from.
_FACTORIES = {
    "asyncpg": _on_asyncpg,
    "mysql": _on_mysql,
    "psycopg": _on_psycopg,
    "sqlite": _on_sqlite,
}
