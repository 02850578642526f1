"""aiosqlite: `Connection`, which runs everything in a thread of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import ClassVar

import aiosqlite

from aseq._core.dialects import SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._guard import in_order

from ._sqlite import Hop, autocommits, nothing, spoil
from ._thread import in_thread_of, post_to_thread_of
from .base import Executor, unsupported

_HINTS = {"Cursor": "pass the connection that the cursor came from"}


def executor_for(connection: object, /) -> Executor:
    """The executor for an aiosqlite connection."""
    if isinstance(connection, aiosqlite.Connection):
        return AiosqliteExecutor(connection)
    raise unsupported(connection, _HINTS, "pass an aiosqlite.Connection")


class AiosqliteExecutor(Executor):
    """One aiosqlite connection."""

    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (sqlite3.Error,)

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._advice: str | None = None
        self._inside = False
        self._hop: Hop | None = None

    async def prepare(self) -> None:
        # Only the connection's own thread may read its autocommit mode.
        if not self._connection.in_transaction:
            self._advice = await in_thread_of(self._connection, autocommits)

    def autocommits(self) -> str | None:
        self._inside = self._advice is None
        return self._advice

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        self._hop = hop = Hop(sql, args, nowait=nowait, inside=self._inside)
        return await in_order(
            lambda: in_thread_of(self._connection, hop),
            lambda: in_thread_of(self._connection, nothing),
            hop.drop,
        )

    async def spoil(self) -> bool:
        if self._hop is None or not self._hop.ran:
            return False
        return await in_thread_of(self._connection, spoil)

    def abandon(self) -> None:
        if self._hop is not None:
            self._hop.drop()
            if self._hop.ended:
                post_to_thread_of(self._connection, spoil)
