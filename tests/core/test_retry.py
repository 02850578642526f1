"""Which errors are worth a new transaction, however they are wrapped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from aseq import (
    AseqError,
    IssuerClosed,
    IssuerFull,
    IssueTimeout,
    NotInTransaction,
    NotIssuable,
    SequenceExhausted,
    SequenceLocked,
    is_retryable,
)
from aseq._core.dialects import DIALECTS, MARIADB, MYSQL, POSTGRESQL, SQLITE
from tests.core.errors import WRAPPED, Driver, as_argument, as_cause, as_orig, while_handling

# (code, whether a new transaction may go better)
CODES: list[tuple[dict[str, object], bool]] = [
    ({"sqlstate": "40001"}, True),
    ({"sqlstate": "40P01"}, True),
    ({"sqlstate": "55P03"}, True),
    ({"sqlstate": "25006"}, True),
    ({"sqlstate": "53300"}, True),
    ({"sqlstate": "57P03"}, True),
    ({"sqlite_errorcode": 5}, True),
    ({"sqlite_errorcode": 6}, True),
    ({"sqlite_errorcode": 261}, True),
    ({"sqlstate": "08006"}, False),  # connection_failure
    ({"sqlstate": "57P01"}, False),  # admin_shutdown
    ({"sqlstate": "57014"}, False),  # query_canceled
    ({"sqlstate": "23505"}, False),  # unique_violation
    ({"sqlite_errorcode": 19}, False),  # SQLITE_CONSTRAINT
    ({}, False),
]

AGAIN, LOST = Driver(sqlstate="40001"), Driver("the connection was lost")
LOCKED = SequenceLocked("invoices", "wait")


def unwrapped(exc: BaseException) -> BaseException:
    return exc


@pytest.mark.parametrize(("attributes", "expected"), CODES)
@pytest.mark.parametrize("wrapped", [unwrapped, *WRAPPED])
def test_what_a_new_transaction_may_mend(
    attributes: dict[str, object],
    expected: bool,
    wrapped: Callable[[BaseException], BaseException],
) -> None:
    assert is_retryable(wrapped(Driver("driver", **attributes))) is expected


OURS: list[tuple[AseqError, bool]] = [
    (LOCKED, True),
    (SequenceExhausted("invoices", 1), False),
    (NotInTransaction("invoices", "begin"), False),
    (IssueTimeout(7, "its row is locked", 10), True),
    (IssuerFull(10), True),
    (NotIssuable(7, "invoice"), False),
    (IssuerClosed("it was closed"), False),
]


@pytest.mark.parametrize(("exc", "expected"), OURS)
@pytest.mark.parametrize("wrapped", [unwrapped, *WRAPPED])
def test_our_own_errors(
    exc: AseqError, expected: bool, wrapped: Callable[[BaseException], BaseException]
) -> None:
    assert is_retryable(wrapped(exc)) is expected


def test_a_locked_sequence_is_retryable_whatever_caused_it() -> None:
    exc = SequenceLocked("invoices", "wait")
    exc.__cause__ = Driver(sqlstate="23505")

    assert is_retryable(exc)


# An earlier try ended in an error that is worth another one. The error at hand came while
# that one was handled, and says nothing of what became of the commit.
LATER = [
    while_handling(AGAIN, Driver("lost")),
    while_handling(LOCKED, Driver("lost")),
    while_handling(as_cause(AGAIN), Driver("lost")),
    *(wrapped(while_handling(AGAIN, Driver("lost"))) for wrapped in WRAPPED),
    while_handling(AGAIN, as_orig(while_handling(AGAIN, Driver("lost")))),
    ExceptionGroup("tasks", [while_handling(AGAIN, Driver("lost"))]),
    while_handling(AGAIN, ExceptionGroup("tasks", [Driver("lost")])),
]


@pytest.mark.parametrize("exc", LATER)
def test_an_earlier_try_says_nothing_of_a_lost_commit(exc: Exception) -> None:
    assert not is_retryable(exc)


# (group, whether all that is in it is worth a new transaction)
GROUPS: list[tuple[BaseException, bool]] = [
    (ExceptionGroup("tasks", [AGAIN]), True),
    (ExceptionGroup("tasks", [AGAIN, LOCKED]), True),
    (ExceptionGroup("tasks", [AGAIN, LOST]), False),
    (ExceptionGroup("tasks", [LOST, AGAIN]), False),
    (ExceptionGroup("tasks", [ExceptionGroup("inner", [AGAIN]), LOCKED]), True),
    (ExceptionGroup("tasks", [ExceptionGroup("inner", [AGAIN, LOST]), AGAIN]), False),
    (ExceptionGroup("tasks", [as_orig(AGAIN), as_argument(AGAIN)]), True),
    (as_cause(ExceptionGroup("tasks", [AGAIN])), True),
    (as_cause(ExceptionGroup("tasks", [AGAIN, LOST])), False),
    (ExceptionGroup("tasks", [as_cause(ExceptionGroup("inner", [AGAIN]))]), True),
    (BaseExceptionGroup("tasks", [AGAIN, asyncio.CancelledError()]), False),
]


@pytest.mark.parametrize(("group", "expected"), GROUPS)
def test_of_a_group_each_error_must_be_worth_it(group: BaseException, expected: bool) -> None:
    assert is_retryable(group) is expected


def test_the_cause_of_a_group_says_nothing_of_what_is_in_it() -> None:
    group = ExceptionGroup("tasks", [LOST])
    group.__cause__ = AGAIN

    assert not is_retryable(group)


def test_a_group_inside_itself_ends() -> None:
    leaf = Driver("leaf")
    leaf.__cause__ = ExceptionGroup("tasks", [leaf])

    assert not is_retryable(leaf)
    assert not is_retryable(leaf.__cause__)


def test_each_dialect_has_codes_of_its_own() -> None:
    assert set(DIALECTS.values()) == {MARIADB, MYSQL, POSTGRESQL, SQLITE}
    assert not POSTGRESQL.retryable & SQLITE.retryable
    assert MARIADB.retryable == MYSQL.retryable  # the first that knows a code says
    assert not MARIADB.retryable & SQLITE.retryable
    assert not is_retryable(Driver(sqlstate=5))
    for dialect in (POSTGRESQL, SQLITE):
        assert dialect.ends_transaction == frozenset()
