"""The caller's own work in the transaction: sync code, in its thread, with Django's ORM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction
from django.db import connections
from django.db.transaction import TransactionManagementError

from aseq.issuing import Issued
from aseq.issuing._hooks import Hooks

OnBegin: TypeAlias = Callable[[], object]
OnIssued: TypeAlias = Callable[[Sequence[Issued]], object]

SPOILT = (
    "a hook of the issuer's caught an error of the database, or asked for a rollback, and "
    "returned: the numbers can't be saved. Let the error pass, or catch it around an atomic "
    "block inside the hook"
)


class SyncHooks:
    """Functions of sync code.

    Args:
        on_begin: called at the beginning of each transaction.
        on_issued: called with what was issued, before the end.

    Raises:
        TypeError: one of them is async.
    """

    def __init__(self, on_begin: OnBegin | None, on_issued: OnIssued | None) -> None:
        for name, hook in (("on_begin", on_begin), ("on_issued", on_issued)):
            if hook is not None and (not callable(hook) or iscoroutinefunction(hook)):
                raise TypeError(f"{name} takes a function that isn't async")
        self._on_begin, self._on_issued = on_begin, on_issued

    def begin(self, using: str) -> None:
        """Let it set the transaction up."""
        if self._on_begin is not None:
            self._on_begin()
            _check(using)

    def issued(self, using: str, issued: Sequence[Issued]) -> None:
        """Tell it what was issued.

        Raises:
            TransactionManagementError: nothing can be saved after it.
        """
        if self._on_issued is not None:
            self._on_issued(issued)
            _check(using)

    def awaited(self, using: str) -> Hooks:
        """The same for the groups of a desk: in the thread of their block."""

        async def begin(block: Any) -> None:
            await block._calls.run(lambda: self.begin(using))

        async def issued(block: Any, rows: Sequence[Issued]) -> None:
            await block._calls.run(lambda: self.issued(using, rows))

        return Hooks(
            None if self._on_begin is None else begin,
            None if self._on_issued is None else issued,
        )


def _check(using: str) -> None:
    if connections[using].needs_rollback:
        raise TransactionManagementError(SPOILT)
