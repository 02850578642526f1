"""What is noted of a database connection, in the `info` that its pool keeps with it.

Who has it, the transaction in which numbers are drawn, and how that has gone. A transaction is
noted by a weak reference: the next one on the same connection is another object.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, RootTransaction

DRAWING = "aseq.drawing"
"""The transaction in which a number is about to be drawn: nobody else gets the connection."""

DRAWN = "aseq.drawn"
"""The one in which a number was drawn."""

LOST = "aseq.lost"
"""The one that lost a number."""

_ENDED = "aseq.ended"
_ENDED_BY = "aseq.ended_by"
_USERS = "aseq.users"
_UNDER_WAY = "aseq.under_way"


def users(connection: Connection) -> weakref.WeakSet[Connection]:
    """All who use the same database connection. To be added to."""
    found: weakref.WeakSet[Connection] = connection.info.setdefault(_USERS, weakref.WeakSet())
    return found


def draws(connection: Connection) -> dict[object, Callable[[], object]]:
    """The draws that are under way, each with what ends it at once. To be added to."""
    found: dict[object, Callable[[], object]] = connection.info.setdefault(_UNDER_WAY, {})
    return found


def note(connection: Connection, key: str, transaction: RootTransaction | None) -> None:
    """Note a transaction."""
    if transaction is not None:
        connection.info[key] = weakref.ref(transaction)


def noted(connection: Connection, key: str) -> RootTransaction | None:
    """The transaction that was noted for the same database connection, if it goes on."""
    reference = connection.info.get(key)
    transaction: RootTransaction | None = reference() if reference else None
    return transaction if transaction and transaction.is_active else None


def is_current(connection: Connection, key: str) -> bool:
    """Whether the transaction that was noted is the one that is open."""
    found = noted(connection, key)
    return found is not None and found is connection.get_transaction()


def drew(connection: Connection) -> bool:
    """Whether a number was drawn in the transaction that is open on a connection."""
    return is_current(connection, DRAWN)


def note_ended(info: dict[str, Any], exc: BaseException) -> None:
    """The database has ended the transaction that has drawn: only a rollback may follow.

    Args:
        info: of the connection.
        exc: the driver's error that said so.
    """
    if DRAWN in info:
        # Another one of the same: this one's traceback holds all that is on the stack.
        info[_ENDED], info[_ENDED_BY] = info[DRAWN], type(exc)(*exc.args)


def ended_by(connection: Connection) -> BaseException | None:
    """The error by which the database has ended the transaction, if it has."""
    if not is_current(connection, _ENDED):
        return None
    error: BaseException = connection.info[_ENDED_BY]
    return error
