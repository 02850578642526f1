"""How many different names a transaction has queued for. Knows no database, and no clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class Tally:
    """The names that the latest transactions have queued for.

    It stays small: it forgets the transaction that said nothing for longest, and the
    names of one once they are too many. Safe to share between threads.

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

    def passes(self, transaction: Hashable, name: Hashable) -> bool:
        """Note a name; whether it is the first one beyond the limit."""
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
