"""Django's connection of this thread, as aseq sees it. Runs a whole plan on it.

Whether a number was drawn is asked of the connection, never of the error: an
``execute_wrapper`` may raise anything after the statement, also an error of the driver's
that comes from another connection. What tells is the vendor's: see `_vendors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters.base import SyncExecutor

from . import conf
from ._private import is_testcases
from ._servers import dialect_of
from ._vendors import vendor_of
from ._vendors.base import is_closed
from ._vendors.sqlite import SAVEPOINT, releases_commit
from .errors import ERRORS

ANOTHERS = (
    "the `aatomic` block that is open on this thread's connection isn't around this code: it "
    "is another task's, and its rollback would take the number with it. Await one after the "
    "other, or use `aatomic` here as well"
)


class DjangoConnection(SyncExecutor):
    """The connection of one database alias in the current thread."""

    kind = "django"
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (Error,)
    errors = ERRORS

    def __init__(self, using: str) -> None:
        self._connection: BaseDatabaseWrapper = connections[using]
        self.dialect = dialect_of(self._connection)
        # A broken transaction raises Django's own error here, outside `explained`, so that it
        # isn't taken for one of ours. Outside a block the flag is left over from earlier.
        if self._connection.in_atomic_block:
            self._connection.validate_no_broken_transaction()
        self._vendor = vendor_of(self._connection)
        self._sent = False

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        """The sequence as the project's settings have it."""
        return conf.adapt(spec)

    def outside_transaction(self) -> str | None:
        """Whether no transaction of the caller's own is open; if so, what to do."""
        connection = self._connection
        if releases_commit(connection):
            return SAVEPOINT
        if _is_other_tasks(connection):
            return ANOTHERS
        if _in_block(connection):
            return None
        if not (connection.in_atomic_block or connection.get_autocommit()):
            return None
        advice = f"use it inside `with transaction.atomic(using={connection.alias!r}):`"
        for other in connections.all(initialized_only=True):
            if _in_block(other):
                return (
                    f"it is in database {connection.alias!r}, but the open atomic block is "
                    f"on {other.alias!r}; {advice}"
                )
        return advice

    def blocks_writers(self) -> str | None:
        """What to do instead, if a long read here could keep others from writing."""
        return self._vendor.blocks_writers()

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        """Run one statement and return all its rows."""
        self._vendor.check(args)
        try:
            with self._connection.cursor() as cursor:
                self._vendor.begin()
                self._sent = True
                return self._vendor.run(cursor, sql, args, timeout)
        except BaseException as exc:
            # Whatever is raised, an atomic block can only be rolled back, as in Django.
            goes_on = self._vendor.keeps_block(exc) and self.refused(exc)
            if self._connection.in_atomic_block and not goes_on:
                self._mark(exc)
            raise

    def refused(self, exc: BaseException, /) -> bool:
        """Whether the connection says that nothing was drawn, or nothing can be committed."""
        if not self._sent or is_closed(self._connection):
            return True
        return not self._vendor.has_drawn(exc)

    def abort(self) -> bool:
        """A number was drawn, and lost: let the caller only roll back."""
        if self._connection.in_atomic_block:
            self._mark(None)
            return True
        return not self._connection.autocommit and self._vendor.abort()

    def terminate(self) -> None:
        """Give the connection up; an atomic block that is open can only be rolled back."""
        with suppress(Exception):
            self._connection.close()

    def _mark(self, exc: BaseException | None) -> None:
        """As `transaction.mark_for_rollback_on_error`, and for an interrupt too."""
        self._connection.needs_rollback = True
        self._connection.rollback_exc = exc


def _in_block(connection: BaseDatabaseWrapper) -> bool:
    """Whether an atomic block of the caller's own is open; the one around a TestCase isn't.

    As `atomic(durable=True)` tells them apart.
    """
    return connection.in_atomic_block and not all(map(is_testcases, connection.atomic_blocks))


def _is_other_tasks(connection: BaseDatabaseWrapper) -> bool:
    """Whether the `aatomic` block that is open on a connection isn't around this code.

    Sync code that another task runs in the same thread would draw in it unawares. The
    innermost one answers: what hangs on Django's own `Atomic` under it.
    """
    marks = [getattr(atomic, "aseq_block", None) for atomic in connection.atomic_blocks]
    ours = [mark for mark in marks if mark is not None]
    return bool(ours) and not ours[-1].is_current()
