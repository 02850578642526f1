"""The caller's own transaction on a connection: `_listeners` tells why it may not be."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from ._noted import DRAWING, DRAWN, LOST, draws, note, users


class OwnTransaction:
    """SQLAlchemy's transaction on a connection, as it is now.

    Args:
        connection: in a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._root = connection.get_transaction()
        self._draws = draws(connection)  # of a connection given up, they can't be asked for
        users(connection).add(connection)

    @property
    def current(self) -> bool:
        """Whether it is still the one that is open on the connection."""
        connection = self._connection
        return not connection.closed and connection.get_transaction() is self._root

    @property
    def shared(self) -> bool:
        """Whether anybody else has the same database connection."""
        others = set(users(self._connection)) - {self._connection}
        return any(map(is_connected, others))

    def drawing(self) -> None:
        """A number is about to be drawn in it: from now on nobody else gets the connection."""
        note(self._connection, DRAWING, self._root)

    def drawn(self) -> None:
        """A number was drawn in it: from now on every statement is to be inside."""
        note(self._connection, DRAWN, self._root)

    def lost(self) -> None:
        """A number of it was lost: it isn't to be committed."""
        note(self._connection, LOST, self._root)

    def under_way(self, stop: Callable[[], object]) -> None:
        """A draw is under way, until `over`: the transaction can't be committed.

        Args:
            stop: ends the draw at once, and at the latest then its number is lost.
        """
        self._draws[self] = stop

    def over(self) -> None:
        """The draw has ended, and its caller has what came of it."""
        self._draws.pop(self, None)


def is_connected(connection: Connection) -> bool:
    """Whether it has a database connection."""
    return not connection.closed and not connection.invalidated
