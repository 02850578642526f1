"""Django's connection of this thread, as aseq sees it. Runs a whole plan on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._core.dialects import DIALECTS
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters.base import SyncExecutor
from aseq.errors import UnsupportedConnection

from .errors import ERRORS


class DjangoConnection(SyncExecutor):
    """The connection of one database alias in the current thread."""

    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (DatabaseError, InterfaceError)
    errors = ERRORS

    def __init__(self, using: str) -> None:
        self._connection: BaseDatabaseWrapper = connections[using]
        dialect = DIALECTS.get(self._connection.vendor)
        if dialect is None:
            raise UnsupportedConnection(
                f"the {self._connection.vendor} database {using!r}",
                f"use one of {', '.join(sorted(DIALECTS))}",
            )
        self.dialect = dialect
        self._using = using

    def autocommits(self) -> str | None:
        if _in_block(self._connection) or not self._connection.get_autocommit():
            return None
        advice = f"use it inside `with transaction.atomic(using={self._using!r}):`"
        others = [other.alias for other in connections.all(initialized_only=True)]
        elsewhere = [alias for alias in others if _in_block(connections[alias])]
        if not elsewhere:
            return advice
        return (
            f"it is on database {self._using!r}, but the block is on {elsewhere[0]!r}; {advice}"
        )

    def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        run = _at_once if nowait and self._connection.vendor == "sqlite" else _rows
        try:
            # As the ORM does: after an error the block can only be rolled back.
            with (
                transaction.mark_for_rollback_on_error(using=self._using),
                self._connection.cursor() as cursor,
            ):
                return run(cursor, sql, args)
        except BaseException:
            # An interrupt too: the number may have been drawn.
            if self._connection.in_atomic_block:
                transaction.set_rollback(True, using=self._using)
            raise


def _in_block(connection: BaseDatabaseWrapper) -> bool:
    """Whether an atomic block of the user's own is open; the one around a TestCase isn't.

    As `atomic(durable=True)` tells them apart.
    """
    return connection.in_atomic_block and not all(
        block._from_testcase for block in connection.atomic_blocks
    )


def _rows(cursor: Any, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    cursor.execute(sql, args)
    rows: Sequence[Row] = cursor.fetchall() if cursor.description else ()
    return rows


def _at_once(cursor: Any, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    """Don't wait for SQLite's write lock."""
    [[patience]] = _rows(cursor, "PRAGMA busy_timeout", ())
    _rows(cursor, "PRAGMA busy_timeout = 0", ())
    try:
        return _rows(cursor, sql, args)
    finally:
        _rows(cursor, f"PRAGMA busy_timeout = {int(str(patience))}", ())
