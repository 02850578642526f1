"""A PgBouncer for the run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from devtools.pgbouncer import PgBouncerUnavailable, pgbouncer, program, version

POOL_SIZE = 20
KNOWS_PREPARED_STATEMENTS = (1, 21)


@pytest.fixture(scope="session")
def pooler(postgres: str) -> Iterator[str]:
    """The URL of the run's PostgreSQL through a PgBouncer in transaction mode.

    Where PgBouncer isn't installed, the test is skipped; the gate must not skip it.
    """
    try:
        program()
    except PgBouncerUnavailable as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(exc))
    new = version() >= KNOWS_PREPARED_STATEMENTS
    settings = {"max_prepared_statements": 100} if new else {}
    with pgbouncer(postgres, pool_size=POOL_SIZE, **settings) as url:
        yield url


@pytest.fixture
def prepares(pooler: str) -> bool:
    """Whether this PgBouncer knows prepared statements."""
    return version() >= KNOWS_PREPARED_STATEMENTS
