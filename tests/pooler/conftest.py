"""A PgBouncer for the run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from devtools.pgbouncer import PgBouncerUnavailable, pgbouncer, program, version
from devtools.pgpool import PgpoolUnavailable, pgpool

POOL_SIZE = 20
PGPOOL = os.environ.get("ASEQ_TEST_POOLER") == "pgpool"
"""Whether Pgpool-II is what is tested: it has a session for each client, and no modes."""
KNOWS_PREPARED_STATEMENTS = (1, 21)


@pytest.fixture(scope="session")
def pooler(postgres: str) -> Iterator[str]:
    """The URL of the run's PostgreSQL through a PgBouncer in transaction mode.

    Where PgBouncer isn't installed, the test is skipped; the gate must not skip it.
    """
    if PGPOOL:
        try:
            with pgpool(postgres) as url:
                yield url
        except PgpoolUnavailable as exc:
            pytest.skip(str(exc))
        return
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
    """Whether this pooler knows prepared statements."""
    return PGPOOL or version() >= KNOWS_PREPARED_STATEMENTS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is about PgBouncer alone, if it is another one's turn."""
    if PGPOOL:
        items[:] = [item for item in items if "database" in getattr(item, "fixturenames", ())]
