"""What is about PgBouncer alone is left out on another pooler."""

from __future__ import annotations

import pytest

from tests.pooler.server import PGPOOL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is about PgBouncer alone, if it is another one's turn."""
    if PGPOOL:
        items[:] = [item for item in items if "database" in getattr(item, "fixturenames", ())]
