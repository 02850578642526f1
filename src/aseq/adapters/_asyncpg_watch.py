"""Sees what is sent on an asyncpg connection whose transaction has lost a number.

The server has aborted it. It refuses each statement with an error that the caller gets, but
answers COMMIT with a ROLLBACK, which asyncpg takes for a COMMIT. asyncpg tells query loggers
of each statement that has ended; there is one only until the transaction is over.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from .base import Watcher

_COMMITS = ("COMMIT", "END")


class LossWatch:
    """A query logger, from the abort to the end of the transaction.

    Args:
        connection: asyncpg's own, not a pool's proxy.
        watcher: told of what is sent.

    Raises:
        asyncpg.InterfaceError: the connection is closed.
    """

    def __init__(self, connection: Any, watcher: Watcher) -> None:
        self._connection, self._watcher = connection, watcher
        connection.add_query_logger(self)

    def __call__(self, query: Any) -> None:
        """Called with what was sent, when it has ended."""
        if query.exception is None:
            if query.query.upper().startswith(_COMMITS):
                self._watcher.committed()
            # Or it was rolled back, to a savepoint from before the draw at least: else
            # nothing succeeds.
            self._connection.remove_query_logger(self)
        elif isinstance(query.exception, asyncpg.InFailedSQLTransactionError):
            self._watcher.used()
