"""``python -m devtools.llms site``: writes ``llms.txt`` and ``llms-full.txt`` beside the pages.

The first lists the documentation's pages, each with its first sentence; the second is all of
their text. Both are made from the pages each time the site is built, so they can't be old.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_ENTRY = re.compile(
    r"^(?P<indent> +)- (?P<title>[^\n]+?):(?: (?P<path>\S+\.md))?$", re.MULTILINE
)
_SNIPPET = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """A page, or a part of the navigation if it has no path."""

    title: str
    path: str | None
    depth: int


def navigation() -> Iterator[Entry]:
    """What ``mkdocs.yml`` lists, in order."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = config.partition("\nnav:\n")[2].partition("\n\n")[0]
    for found in _ENTRY.finditer(listed):
        yield Entry(found["title"].strip('"'), found["path"], len(found["indent"]))


def text_of(path: str) -> str:
    """A page as it is shown: with what it includes."""
    page = (DOCS / path).read_text(encoding="utf-8")
    return _SNIPPET.sub(lambda found: (ROOT / found[1]).read_text(encoding="utf-8"), page)


def first_sentence(text: str) -> str:
    """Of the first paragraph that isn't a heading, a picture, a list or a directive."""
    without_code = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for paragraph in filter(None, re.split(r"\n\s*\n", without_code.strip())):
        if paragraph[0] not in "#!`:|*<-":
            plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.split(r"(?<=[.?])\s", plain)[0].rstrip(":")
    return ""


def llms() -> str:
    """The list of pages, in the form that llmstxt.org describes."""
    lines = ["# aseq", "", "> " + first_sentence(text_of("index.md")), ""]
    condition = (
        "Save each number in the same transaction that drew it, and in the same savepoint."
    )
    lines += [f"The one condition: {condition}", ""]
    for entry in navigation():
        if entry.path is None:
            lines += ["", f"{'##' if entry.depth == 2 else '###'} {entry.title}", ""]
        else:
            url = entry.path.removesuffix("index.md").removesuffix(".md") + "/"
            url = "./" if url == "/" else url
            summary = first_sentence(text_of(entry.path))
            tail = f": {summary}" if summary else ""
            lines.append(f"- [{entry.title}]({url}){tail}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def llms_full() -> str:
    """All pages in one text; what docstrings add to the reference is in the code."""
    pages = (entry.path for entry in navigation() if entry.path)
    return "\n\n".join(f"<!-- {path} -->\n\n{text_of(path).strip()}" for path in pages) + "\n"


def write(site: Path) -> None:
    """Put both beside the pages."""
    (site / "llms.txt").write_text(llms(), encoding="utf-8")
    (site / "llms-full.txt").write_text(llms_full(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
