"""Whether a new transaction may go better."""

from __future__ import annotations

from aseq.errors import IssuerFull, IssueTimeout, SequenceLocked

from .dialects import DIALECTS
from .failure import chain


def is_retryable(exc: BaseException, /) -> bool:
    """Whether the whole transaction is worth another try, in a new transaction.

    For the `on=` of stamina or the `retry=` of tenacity:

        @stamina.retry(on=aseq.is_retryable)
        async def create_invoice() -> int: ...

    True for `SequenceLocked`, serialization failures, deadlocks, lock timeouts,
    "database is locked", a server that was demoted, is full or is starting up; and for an
    issuer's `IssueTimeout` and `IssuerFull`, where asking again is safe.
    False for a lost connection: it may have been lost after the commit. (psycopg gives no
    code when it can't connect, so there it is false too.)

    An error that was raised while another one was handled is judged alone: a retry
    loop may run inside `except`. Of an ExceptionGroup, each error must be worth it.

    Args:
        exc: any error, aseq's or a driver's, however it is wrapped.

    Returns:
        True if another try may succeed; False also for errors of other kinds.
    """
    return _is_retryable(exc, frozenset())


def _is_retryable(exc: BaseException, around: frozenset[int]) -> bool:
    """As `is_retryable`, inside the groups `around`: one that holds itself has no answer."""
    for item in chain(exc):
        if isinstance(item, SequenceLocked | IssueTimeout | IssuerFull):
            return True
        if isinstance(item, BaseExceptionGroup):
            inside = around | {id(item)}
            return id(item) not in around and all(
                _is_retryable(one, inside) for one in item.exceptions
            )
        for dialect in DIALECTS.values():
            code = dialect.code(item)
            if code is not None:
                return code in dialect.retryable
    return False
