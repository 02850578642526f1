"""What programs read instead of the site: made from its pages, and true."""

from __future__ import annotations

import importlib
import re

import pytest

from devtools import llms
from tests.docs.markdown import DOCS, SKILL


def test_each_page_is_listed_once_with_a_sentence() -> None:
    listed = re.findall(r"^- \[.+?\]\((\S+?)/\)(: .+)?$", llms.llms(), re.MULTILINE)
    written = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert sorted(f"{url}.md".replace("..md", "index.md") for url, _ in listed) == sorted(
        written
    )
    silent = [url for url, sentence in listed if not sentence]
    assert [url for url in silent if not url.startswith("reference/")] == []


def test_the_first_sentence_is_prose() -> None:
    assert (
        llms.first_sentence("# A\n\n```python\nx = 1\n\ny = 2\n```\n\nSee [b](c.md). D.")
        == "See b."
    )
    assert llms.first_sentence("# A\n\n::: aseq.b\n") == ""


def test_the_full_text_has_every_page(tmp_path) -> None:  # type: ignore[no-untyped-def]
    llms.write(tmp_path)
    text = (tmp_path / "llms-full.txt").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        assert page.read_text(encoding="utf-8").strip().splitlines()[
            -1
        ] in text or "--8<--" in (page.read_text(encoding="utf-8"))
    assert "## Unreleased" in text
    assert (tmp_path / "llms.txt").read_text(encoding="utf-8") == llms.llms()


def names() -> list[tuple[str, str]]:
    """What the skill says is in which module."""
    text = SKILL.read_text(encoding="utf-8")
    found = re.findall(r"`(?:await )?(\w+)(?:\([^`]*\))?` of\s+`(aseq[\w.]+)`", text)
    return [(module, name) for name, module in found]


@pytest.mark.parametrize(("module", "name"), names())
def test_the_skill_names_what_there_is(module: str, name: str) -> None:
    if not module.startswith("aseq.django"):  # its names are in test_exports
        assert hasattr(importlib.import_module(module), name)


def test_the_skill_is_small_and_says_the_condition() -> None:
    text = SKILL.read_text(encoding="utf-8")
    assert len(text) < 4000
    assert "in the transaction, and in the savepoint, that drew it" in " ".join(text.split())
    assert len(names()) > 3
