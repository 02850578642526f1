"""Groups are at READ COMMITTED, whatever the connection is set to, and leave that as it was."""

from __future__ import annotations

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_OF_TRANSACTION = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
_OF_SESSION = "SET SESSION TRANSACTION ISOLATION LEVEL {}"
_READ_COMMITTED = "READ COMMITTED"

# Of MariaDB and MySQL, whichever name each has for it.
_LEVEL = "SHOW VARIABLES WHERE variable_name IN ('tx_isolation', 'transaction_isolation')"


class Level:
    """The level of one transaction after the other, on the connection of an alias.

    Args:
        using: the alias.
    """

    def __init__(self, using: str) -> None:
        self._using = using
        self._before: str | None = None

    def set(self) -> None:
        """Set it, in a transaction that has only been begun."""
        connection = connections[self._using]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(_OF_TRANSACTION)
        elif connection.vendor == "mysql":
            self._set_of_session(connection)

    def _set_of_session(self, connection: BaseDatabaseWrapper) -> None:
        """What the plans ask for. Django has turned autocommit off, so nothing has begun."""
        if connection.isolation_level == _READ_COMMITTED.lower():
            return
        with connection.cursor() as cursor:
            cursor.execute(_LEVEL)
            _, level = cursor.fetchone()
            cursor.execute(_OF_SESSION.format(_READ_COMMITTED))
        self._before = level.replace("-", " ")

    @property
    def is_changed(self) -> bool:
        """Whether the session has another level than before."""
        return self._before is not None

    def set_back(self) -> None:
        """Set the session back, before the transaction ends: it holds for the next one."""
        before, self._before = self._before, None
        connection = connections[self._using]
        spoilt, connection.needs_rollback = connection.needs_rollback, False
        try:
            with connection.cursor() as cursor:
                cursor.execute(_OF_SESSION.format(before))
        except Error:
            pass  # the connection is lost, with its settings
        finally:
            connection.needs_rollback = spoilt
