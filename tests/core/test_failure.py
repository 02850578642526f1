"""What a database reported, however drivers and ORMs wrap it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aseq._core.dialects import POSTGRESQL, SQLITE, Dialect
from aseq._core.failure import Code, Report, chain, report
from tests.codes import code
from tests.core.errors import WRAPPED, Driver, as_argument, as_cause, as_orig, while_handling

LOCKED = Driver(sqlstate="55P03")
BUSY = Driver(sqlite_errorcode=6)

# (dialect, error, its code)
CODES: list[tuple[Dialect, Exception, Code | None]] = [
    (POSTGRESQL, ValueError("no code"), None),
    (POSTGRESQL, Driver(sqlstate="40001"), "40001"),
    (POSTGRESQL, Driver(sqlstate=None), None),
    (POSTGRESQL, Driver(sqlstate=40001), None),
    (POSTGRESQL, Driver(pgcode="40001"), "40001"),
    (POSTGRESQL, Driver(sqlstate=None, pgcode="55P03"), "55P03"),
    (POSTGRESQL, Driver(sqlite_errorcode=5), None),
    (SQLITE, Driver(sqlite_errorcode=5), 5),
    (SQLITE, Driver(sqlite_errorcode=517), 5),  # SQLITE_BUSY_SNAPSHOT
    (SQLITE, Driver(sqlite_errorcode=262), 6),  # SQLITE_LOCKED_SHAREDCACHE
    (SQLITE, Driver(sqlite_errorcode="5"), None),
    (SQLITE, Driver(sqlstate="40001"), None),
    (POSTGRESQL, Driver(orig="not an error"), None),
    *((POSTGRESQL, wrapped(LOCKED), "55P03") for wrapped in WRAPPED),
    *((SQLITE, as_orig(wrapped(BUSY)), 6) for wrapped in WRAPPED),
    (POSTGRESQL, Driver(sqlstate="23505", orig=Driver(sqlstate="40001")), "23505"),
    (POSTGRESQL, as_cause(as_orig(as_argument(LOCKED))), "55P03"),
    (POSTGRESQL, while_handling(LOCKED, Driver("lost")), None),
    (POSTGRESQL, as_cause(while_handling(LOCKED, Driver("lost"))), None),
]


@pytest.mark.parametrize(("dialect", "exc", "expected"), CODES)
def test_the_code(dialect: Dialect, exc: Exception, expected: Code | None) -> None:
    found = report(exc, dialect.code)

    assert (None if found is None else found.code) == expected
    assert code(exc) == expected or expected is None


def test_a_report_has_the_first_line_of_the_text() -> None:
    exc = Driver("no table\nLINE 1: SELECT", sqlstate="42P01")

    assert report(as_orig(exc), POSTGRESQL.code) == Report("42P01", "no table")


def test_the_chain_is_each_error_once_the_nearest_first() -> None:
    orig, cause, argument, far = (Driver(text) for text in ("orig", "cause", "arg", "far"))
    exc = Driver("exc", orig=orig)
    exc.args = (argument, far)
    exc.__cause__, exc.__context__ = cause, Driver("context")
    orig.__cause__ = far

    assert list(chain(exc)) == [exc, orig, cause, argument, far]


def _itself(exc: Driver, _other: Driver) -> None:
    exc.__dict__["orig"] = exc


def _each_other(exc: Driver, other: Driver) -> None:
    exc.__cause__, other.args = other, (exc,)


def _twice(exc: Driver, other: Driver) -> None:
    exc.__cause__ = exc.__dict__["orig"] = other


@pytest.mark.parametrize(("tie", "length"), [(_itself, 1), (_each_other, 2), (_twice, 2)])
def test_a_cycle_of_errors_ends(tie: Callable[[Driver, Driver], None], length: int) -> None:
    exc = Driver("exc")
    tie(exc, Driver("other"))

    assert len(list(chain(exc))) == length
    assert report(exc, POSTGRESQL.code) is None
