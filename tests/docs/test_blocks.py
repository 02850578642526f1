"""Every block of code in the README and the documentation does what the page says.

Python blocks of a page are run in order, in one namespace, against real databases. A
block with a title is a file; a ``python`` command runs it. A ``text`` block is what the
block before it prints. Shell commands are run or looked up, see `shell`. SQL is run on
PostgreSQL, unless its title is SQLite.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from devtools.mysqldb import replaceable
from tests.docs.markdown import blocks, page_id, pages
from tests.docs.played import NOT_RUN, play, timeless
from tests.docs.setup import SETUPS, Place, place


@pytest.fixture
def here(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """Where the blocks of a page run: a folder, and a PostgreSQL if the page wants one."""
    monkeypatch.chdir(tmp_path)
    page: Path = request.getfixturevalue("page")
    servers = [partial(request.getfixturevalue, name) for name in ("postgres", "mariadb")]
    with replaceable(), place(page, tmp_path, *servers) as here:
        yield here


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a page needn't close what it opens
@pytest.mark.parametrize("page", pages(), ids=page_id)
async def test_page(page: Path, here: Place) -> None:
    await play(page, here)


def test_pages_are_right_on_any_day() -> None:
    today = dt.datetime.now(dt.UTC).date()

    assert timeless(f"INV-{today.year}-1 of {today}") == "INV-2026-1 of 2026-11-27"


def test_every_exception_is_still_there() -> None:
    first_lines = {
        (page_id(page), block.code.partition("\n")[0])
        for page in pages()
        for block in blocks(page)
    }
    assert NOT_RUN.keys() <= first_lines
    assert all(NOT_RUN.values())


def test_every_setup_has_its_page() -> None:
    assert SETUPS.keys() <= {page_id(page) for page in pages()}
