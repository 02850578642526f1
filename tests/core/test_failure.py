"""Codes of drivers' errors, however they are wrapped."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aseq import AseqError, NotInTransaction, SequenceExhausted, SequenceLocked, is_retryable
from aseq._core.failure import chain, code


class Driver(Exception):
    """An error of a driver, with what drivers put on theirs."""

    def __init__(self, text: str = "", /, **attributes: object) -> None:
        super().__init__(text)
        self.__dict__.update(attributes)


def wrapped(inner: BaseException, how: str) -> Exception:
    """An error around another: as SQLAlchemy does it, by `raise ... from`, or by accident."""
    outer = Driver("outer")
    setattr(outer, how, inner)
    return outer


WAYS = ("orig", "__cause__", "__context__")

# (error, its code)
CODES: list[tuple[Exception, str | int | None]] = [
    (ValueError("no code"), None),
    (Driver(sqlstate="40001"), "40001"),
    (Driver(sqlstate=None), None),
    (Driver(sqlstate=40001), None),
    (Driver(pgcode="40001"), "40001"),
    (Driver(sqlstate=None, pgcode="55P03"), "55P03"),
    (Driver(sqlite_errorcode=5), 5),
    (Driver(sqlite_errorcode=517), 5),  # SQLITE_BUSY_SNAPSHOT
    (Driver(sqlite_errorcode=262), 6),  # SQLITE_LOCKED_SHAREDCACHE
    (Driver(sqlite_errorcode="5"), None),
    (Driver(sqlstate=None, sqlite_errorcode=1), 1),
    (Driver(sqlstate="40001", sqlite_errorcode=5), "40001"),
    (Driver(orig="not an error"), None),
    *((wrapped(Driver(sqlstate="55P03"), way), "55P03") for way in WAYS),
    *((wrapped(wrapped(Driver(sqlite_errorcode=6), way), "orig"), 6) for way in WAYS),
    (Driver(sqlstate="23505", orig=Driver(sqlstate="40001")), "23505"),
    (Driver(orig=wrapped(Driver(sqlstate="far"), "orig"), __cause__=0), "far"),
]

# (code, whether a new transaction may go better)
RETRYABLE: list[tuple[dict[str, object], bool]] = [
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
    ({"sqlstate": "23505"}, False),  # unique_violation
    ({"sqlite_errorcode": 19}, False),  # SQLITE_CONSTRAINT
    ({}, False),
]

OURS: list[tuple[AseqError, bool]] = [
    (SequenceLocked("invoices", "wait"), True),
    (SequenceExhausted("invoices", 1), False),
    (NotInTransaction("invoices", "begin"), False),
]


@pytest.mark.parametrize(("exc", "expected"), CODES)
def test_code(exc: Exception, expected: str | int | None) -> None:
    assert code(exc) == expected


@pytest.mark.parametrize(("attributes", "expected"), RETRYABLE)
@pytest.mark.parametrize("way", [None, *WAYS])
def test_what_a_new_transaction_may_mend(
    attributes: dict[str, object], expected: bool, way: str | None
) -> None:
    exc: Exception = Driver("driver", **attributes)
    assert is_retryable(wrapped(exc, way) if way else exc) is expected


@pytest.mark.parametrize(("exc", "expected"), OURS)
def test_our_own_errors(exc: AseqError, expected: bool) -> None:
    assert is_retryable(exc) is expected


def test_a_locked_sequence_is_retryable_whatever_caused_it() -> None:
    exc = SequenceLocked("invoices", "wait")
    exc.__cause__ = Driver(sqlstate="23505")

    assert is_retryable(exc)


def test_the_chain_is_each_error_once_the_nearest_first() -> None:
    orig, cause, context, far = (Driver(text) for text in ("orig", "cause", "context", "far"))
    exc = Driver("exc", orig=orig)
    exc.__cause__, exc.__context__ = cause, context
    orig.__cause__ = far

    assert list(chain(exc)) == [exc, orig, cause, context, far]


def _itself(exc: Driver, _other: Driver) -> None:
    exc.__dict__["orig"] = exc


def _each_other(exc: Driver, other: Driver) -> None:
    exc.__cause__, other.__context__ = other, exc


def _twice(exc: Driver, other: Driver) -> None:
    exc.__cause__ = exc.__context__ = exc.__dict__["orig"] = other


@pytest.mark.parametrize(("tie", "length"), [(_itself, 1), (_each_other, 2), (_twice, 2)])
def test_a_cycle_of_errors_ends(tie: Callable[[Driver, Driver], None], length: int) -> None:
    exc = Driver("exc")
    tie(exc, Driver("other"))

    assert len(list(chain(exc))) == length
    assert code(exc) is None
    assert not is_retryable(exc)
