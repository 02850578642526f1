"""The pooler of the run: which one it is, and what it knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devtools.pgbouncer import PgBouncerUnavailable, pgbouncer, program, version
from devtools.pgpool import PgpoolUnavailable, pgpool

POOL_SIZE = 20
PGPOOL = os.environ.get("ASEQ_TEST_POOLER") == "pgpool"
"""Whether Pgpool-II is what is tested: it has a session for each client, and no modes."""
EVERYTHING = bool(os.environ.get("ASEQ_TEST_THROUGH_POOLER"))
"""Whether every test's connections are to go through the pooler; whoever observes, doesn't."""
_KNOWS_PREPARED_STATEMENTS = (1, 21)


def prepares() -> bool:
    """Whether this pooler knows prepared statements."""
    return PGPOOL or version() >= _KNOWS_PREPARED_STATEMENTS


@contextmanager
def pooled(postgres: str) -> Iterator[str]:
    """Run the pooler in front of a PostgreSQL, PgBouncer in transaction mode.

    Where it isn't installed, the test is skipped; the gate must not skip it.

    Yields:
        the URL of the same database through it.
    """
    try:
        if PGPOOL:
            running = pgpool(postgres)
        else:
            program()
            settings = {"max_prepared_statements": 100} if prepares() else {}
            running = pgbouncer(postgres, pool_size=POOL_SIZE, **settings)
        with running as url:
            yield url
    except PgpoolUnavailable as exc:
        pytest.skip(str(exc))
    except PgBouncerUnavailable as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(exc))
