"""Run by `make cluster` and its parts alone: what they need, and how long they take."""

from __future__ import annotations

import os

import pytest

HERE = "tests/clusters/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all of it out but where a verb of the Makefile asks for it."""
    if os.environ.get("ASEQ_CLUSTERS"):
        return
    items[:] = [item for item in items if not item.nodeid.startswith(HERE)]
