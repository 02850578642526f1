"""`make test-browser` runs these; `make test` doesn't: they need a Chromium and Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

if not os.environ.get("ASEQ_TEST_BROWSER"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from devtools.page import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The application's URL, as `make serve` runs it."""
    from devtools.page import served

    with served() as url:
        yield url
