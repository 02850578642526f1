"""Test cases whose transaction async code can't get at."""

from __future__ import annotations

from django.db.transaction import TransactionManagementError

from .._private import hidden_connection, is_testcases

ELSEWHERE = (
    "the test's own transaction is on another connection, so the block wouldn't see what the "
    "test has written, and would really commit. Mark the test with "
    "`@pytest.mark.django_db(transaction=True)`, or make it a method of Django's TestCase"
)


def check_no_testcase(using: str) -> None:
    """Refuse to begin while a test, run by a plugin of pytest, has a transaction open.

    Its fixture opened that in sync code, in the thread that now runs the event loop. (Under
    Django's own TestCase the event loop is in another thread, and sync code's is used.)

    Raises:
        TransactionManagementError: so it is.
    """
    blocks = getattr(hidden_connection(using), "atomic_blocks", ())
    if any(map(is_testcases, blocks)):
        raise TransactionManagementError(ELSEWHERE)
