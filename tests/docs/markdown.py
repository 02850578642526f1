"""Reading the documentation: its pages, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

# They need a Django project, and run in that of tests/django.
DJANGO = tuple(
    DOCS / "how-to" / f"{name}.md"
    for name in (
        *("django", "django-async", "django-issuer", "django-models", "django-tests"),
        "moving-from-django-sequences",
    )
)

# What coding agents are told, inside the package.
SKILL = ROOT / "src" / "aseq" / ".agents" / "skills" / "aseq" / "SKILL.md"

# Its libraries can't be installed beside the newest of others: `make test-layers` runs it.
ON_SQLALCHEMY = DOCS / "how-to" / "sqlalchemy-layers.md"

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: +title=\"(?P<title>[^\"]+)\")?[^\n]*\n"
    r"(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One block of code.

    Attributes:
        language: as the fence names it; "" if it doesn't.
        title: the file that the reader is to save it in, if any.
        code: its text, without the fence's indentation.
        line: of the page, where the code begins.
    """

    language: str
    title: str | None
    code: str
    line: int


def pages() -> list[Path]:
    """Every page whose blocks run anywhere, the README first."""
    anywhere = (
        page for page in sorted(DOCS.rglob("*.md")) if page not in (*DJANGO, ON_SQLALCHEMY)
    )
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", SKILL, *anywhere]


def page_id(page: Path) -> str:
    """How tests call a page: its path in the repository."""
    return page.relative_to(ROOT).as_posix()


def titled(page: Path, title: str) -> str:
    """The code of the block that is to be saved in a file."""
    [code] = [block.code for block in blocks(page) if block.title == title]
    return code


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of code of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start("code")) + 1
        yield Block(fence["language"], fence["title"], dedent(fence["code"]), line)
