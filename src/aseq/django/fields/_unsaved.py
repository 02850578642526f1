"""Numbers that were drawn for rows which aren't inserted yet.

The draw and the INSERT are two statements. Between the two, anything can be raised: another
field can't prepare its value, a row breaks a constraint, Ctrl-C is pressed. Whoever swallows
that and commits would leave a hole. `Model.save` marks the block for rollback then, but
`bulk_create` doesn't. So from the draw on the block can only be rolled back, and the INSERT
that has all the numbers, once it succeeded, lifts that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from aseq.django._private import unwrap, wrap_outermost

UNSAVED = (
    "numbers were drawn for rows of {!r}, and the rows couldn't be inserted: leave the atomic "
    "block, so that the numbers are given back"
)


class Unsaved:
    """Watches a connection until the numbers that were drawn on it are inserted.

    Args:
        connection: on which the numbers were drawn, in an atomic block.
        table: where they belong.
        numbers: all of them.
    """

    def __init__(
        self, connection: BaseDatabaseWrapper, table: str, numbers: Sequence[object]
    ) -> None:
        self._connection, self._numbers = connection, set(numbers)
        self._insert = f"INSERT INTO {connection.ops.quote_name(table)} "
        self._reason = TransactionManagementError(UNSAVED.format(table))
        self._mark(self._reason)
        wrap_outermost(connection, self)

    @property
    def waiting(self) -> bool:
        """Whether the INSERT may still come: nothing failed, and nothing was rolled back."""
        connection = self._connection
        return connection.needs_rollback and connection.rollback_exc is self._reason

    def __call__(
        self, execute: Callable[..., Any], sql: object, params: Any, many: bool, context: Any
    ) -> Any:
        """Run a statement: as a wrapper of Django's, around all others."""
        if not self.waiting:  # it failed, and this is the next transaction
            unwrap(self._connection, self)
            return execute(sql, params, many, context)
        text = sql if isinstance(sql, str) else ""  # psycopg takes its own Composed
        saves = text.startswith(self._insert) and self._numbers.issubset(_flat(params))
        if not (saves or text.startswith("SELECT ")):  # another field may have to look
            return execute(sql, params, many, context)  # Django refuses it
        self._mark(None)
        try:
            result = execute(sql, params, many, context)
        except BaseException as exc:
            self._mark(exc)
            raise
        if saves:
            unwrap(self._connection, self)
        else:
            self._mark(self._reason)
        return result

    def _mark(self, reason: BaseException | None) -> None:
        self._connection.needs_rollback = reason is not None
        self._connection.rollback_exc = reason


def _flat(params: Any) -> Iterator[int | str]:
    """Those parameters that may be numbers; PostgreSQL takes those of many rows as arrays."""
    for param in params or ():
        if isinstance(param, int | str):
            yield param
        elif isinstance(param, list):
            yield from _flat(param)
