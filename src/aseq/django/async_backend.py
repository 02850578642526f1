"""Connections of django-async-backend: psycopg's, which an `async_atomic` block manages.

A statement goes through the backend's own cursor: it is logged, counted and wrapped as
the others are, and its errors are Django's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, ClassVar

import psycopg
from django.db import Error
from django_async_backend.db.backends.base.base import BaseAsyncDatabaseWrapper
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Row
from aseq.adapters.base import Executor, unsupported
from aseq.adapters.psycopg import HeldAsync, PsycopgExecutor

from . import conf
from .errors import ERRORS

_CONNECTION = "pass the connection: `async_connections[alias]`"

_HINTS = {
    "AsyncAtomic": f"enter the block, and {_CONNECTION}",
    "BaseAsyncDatabaseWrapper": "its database must be PostgreSQL",
}


def executor_for(connection: object, /) -> Executor:
    """The executor for ``async_connections[alias]``."""
    if isinstance(connection, BaseAsyncDatabaseWrapper) and connection.vendor == "postgresql":
        return AsyncBackendExecutor(connection)
    raise unsupported(connection, _HINTS, _CONNECTION)


class AsyncBackendExecutor(PsycopgExecutor):
    """One connection of the backend, in the task that owns it."""

    kind = "django"
    driver_errors: ClassVar = (Error, psycopg.Error)
    errors = ERRORS

    def __init__(self, wrapper: Any) -> None:
        super().__init__(wrapper.connection)
        self._wrapper = wrapper
        self.block = f"async with async_atomic(using={wrapper.alias!r}):"
        # An earlier error of the transaction isn't one of this call, and isn't explained.
        wrapper.validate_no_broken_transaction()

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        # Connects, if nothing has yet, and refuses a task that doesn't own the connection.
        self._cursor = await self._wrapper.cursor()
        self._connection = self._cursor.connection
        kind = type(self._cursor.cursor)
        self._kind = _held(kind)  # type: ignore[arg-type]  # a class is hashable
        async with super().hold():
            yield

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        return conf.adapt(spec)

    async def execute(
        self, sql: str, args: tuple[Bind, ...], before_sending: Callable[[], object]
    ) -> PGresult | None:
        held = self._kind(self._connection)
        held.before_sending = before_sending
        self._cursor.cursor = held
        await self._cursor.execute(sql, args)
        result: PGresult | None = held.pgresult
        return result

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        try:
            return await super().fetch(sql, args, timeout=timeout, inside=inside)
        except Error as exc:
            self._mark(exc)
            raise

    async def abort(self) -> bool:
        aborted = await super().abort()
        self._mark(None)
        return aborted

    def terminate(self) -> None:
        super().terminate()
        self._wrapper.needs_rollback = self._wrapper.in_atomic_block

    def _mark(self, exc: Exception | None) -> None:
        """Let the block know what the server does: the transaction can't be committed.

        It would commit, and run what was to be done after a commit.
        """
        if self.status() in (TransactionStatus.INERROR, TransactionStatus.UNKNOWN):
            self._wrapper.needs_rollback = self._wrapper.in_atomic_block
            self._wrapper.rollback_exc = exc


@cache
def _held(kind: Any) -> Any:
    """The same kind of cursor, for a connection whose lock is held."""
    return type(f"Held{kind.__name__}", (HeldAsync, kind), {})
