"""A tenant that is set on another connection than a block's own.

Packages such as django-tenants keep the tenant on the connection: they set its search_path,
and `schema_name`. Outside a request, a block has a connection of its own, where nobody has
set it, and would silently draw and save in the default schema.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context

from asgiref.sync import sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .._private import hidden_connection

LIMIT = 0.1
"""Seconds to wait for the thread that other tasks' sync code shares: it may be busy."""


class Tenant:
    """What a block's own connection is set to, and what those outside it are.

    Args:
        connection: the block's own.
        outside: the schemas of connections that the same code uses outside the block.
    """

    def __init__(self, connection: BaseDatabaseWrapper, outside: set[str]) -> None:
        self._connection = connection
        self._before = schema(connection)
        self._outside = outside - {self._before}

    def advice(self) -> str | None:
        """What to do first, unless nothing is set outside, or something inside."""
        if not self._outside or schema(self._connection) != self._before:
            return None
        names = " and ".join(sorted(map(repr, self._outside)))
        return (
            f"the tenant's schema is {names} outside the block, but {self._before!r} in it: "
            "outside a request, a block has a connection of its own. Set the tenant inside "
            "the block, through sync_to_async"
        )


def schema(connection: BaseDatabaseWrapper | None) -> str | None:
    """Which schema a connection is set to, where a package says so."""
    name: str | None = getattr(connection, "schema_name", None)
    return name


async def tenant(connection: BaseDatabaseWrapper) -> Tenant | None:
    """The tenant of a block's own connection, where a package knows tenants."""
    if schema(connection) is None:
        return None
    using = connection.alias
    outside = {schema(hidden_connection(using))}
    with suppress(TimeoutError):
        # In a context that no block and no request is in.
        looking = asyncio.create_task(_look(using), context=Context())
        outside.add(await asyncio.wait_for(looking, LIMIT))
    return Tenant(connection, {name for name in outside if name is not None})


async def _look(using: str) -> str | None:
    return await sync_to_async(lambda: schema(connections[using]))()
