"""The documentation as a site: it builds, has every page, and loads nothing from elsewhere.

What needs the built site is skipped where mkdocs isn't installed (the group ``docs``).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, ROOT, page_id

_LINK = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
_ABSOLUTE = re.compile(r"^\s*(?:\w+:)?//")
_CSS_LOADS = re.compile(r"""(?:url\(|@import)\s*["']?\s*(?:https?:)?//[^)"']+""")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs isn't installed: it is in the group `docs`")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        build,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


class _Assets(HTMLParser):
    """Collects what a browser loads with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            return
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "poster") and value:
                self.found.append(value)


def assets(html: str) -> list[str]:
    """What a browser loads with a page."""
    parser = _Assets()
    parser.feed(html)
    return parser.found


def test_what_counts_as_an_asset() -> None:
    html = '<a href="https://a"><img src="//b"><link href="https://c"><script src="d.js">'
    assert [item for item in assets(html) if _ABSOLUTE.match(item)] == ["//b", "https://c"]
    assert _CSS_LOADS.search("@import 'https://fonts.example/x.css'")
    assert _CSS_LOADS.search("src: url(//fonts.example/x.woff)")


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list(DOCS.rglob("*.md")))  # there is a page for errors besides
    for page in pages:
        loaded = assets(page.read_text(encoding="utf-8"))
        assert loaded, page
        assert [item for item in loaded if _ABSOLUTE.match(item)] == [], page
    for sheet in (*site.rglob("*.css"), *site.rglob("*.svg")):
        assert not _CSS_LOADS.search(sheet.read_text(encoding="utf-8")), sheet


def test_every_page_is_in_the_navigation() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": (\S+\.md)$", config, re.MULTILINE)
    written = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert sorted(listed) == sorted(written)


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=page_id)
def test_links_of_pages_outside_the_site(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_picture_says_what_it_shows() -> None:
    picture = (DOCS / "img" / "one-row.svg").read_text(encoding="utf-8")
    assert "<title" in picture
    assert "<desc" in picture
    assert "currentColor" in picture
    assert "prefers-color-scheme: dark" in picture
