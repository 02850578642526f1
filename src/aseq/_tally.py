"""How many different names a transaction has queued for, and a warning of too many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock

from ._core.statement import Row, Statement
from ._core.table import TableName
from ._log import MANY_NAMES, log


class QueueCounter:
    """The names that the latest transactions have queued for.

    It stays small: it forgets the transaction that was silent for longest, and the names
    of one once they are too many. Safe to share between threads.

    Args:
        limit: how many names of one transaction are not too many; at least 1.
        transactions: how many transactions to remember.
    """

    def __init__(self, limit: int, transactions: int) -> None:
        self.limit = limit
        self._transactions = transactions
        # By transaction, the latest one last. None: there were too many.
        self._names: OrderedDict[Hashable, set[Hashable] | None] = OrderedDict()
        self._lock = Lock()

    def add(self, transaction: Hashable, name: Hashable) -> bool:
        """Note a name, and return whether it is the first one beyond the limit."""
        with self._lock:
            if transaction not in self._names:
                self._names[transaction] = {name}
                if len(self._names) > self._transactions:
                    self._names.popitem(last=False)
                return False
            self._names.move_to_end(transaction)
            names = self._names[transaction]
            if names is None:
                return False
            names.add(name)
            if len(names) <= self.limit:
                return False
            self._names[transaction] = None
            return True


QUEUED = QueueCounter(limit=1_000, transactions=256)
"""What the latest transactions of this process have queued for.

An upper bound: a savepoint that is rolled back frees its places. And a rough one: two
servers may have transactions with the same id.
"""


def note_queued(
    statement: Statement, table: TableName, rows: Sequence[Row], connection: str
) -> None:
    """Warn, once, of a transaction that queues for very many names.

    Args:
        statement: what was said.
        table: where its table is.
        rows: what was answered.
        connection: the kind of connection.
    """
    transaction = rows[0][1] if rows else None
    if transaction is None:  # nothing was drawn
        return
    names = list(statement.queue_names)
    added = [QUEUED.add(transaction, (table, name)) for name in names]
    if any(added):
        # Not warnings.warn(), which raises where warnings are errors: the number that was
        # just drawn is worth more.
        log(MANY_NAMES, sequence=str(names[-1]), connection=connection)
