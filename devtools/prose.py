"""``python -m devtools.prose``: un-English turns that this project has fallen into before.

A list of patterns, each with what to write instead, looked for in the prose of all pages
(outside of code) and in the docstrings of the library. Spelling is codespell's business.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/**/*.md", "examples/*.md", "examples/*/*.md")
SOURCES = ("src/aseq/**/*.py",)

VERBS = (
    "waits|draws|wants|asks|sees|needs|writes|creates|reads|comes|goes|runs|saves|may|can|has"
)

# Our private dialect, and turns that are another language's: (pattern, what to write).
RULES = (
    (r"\bbut for\b(?! a)", "except for"),
    (r"\bfor ever\b", "forever"),
    (r"\bsees to it\b", "makes sure"),
    (r"\bto and fro\b", "back and forth"),
    (r"\bat hand\b", "this, or at stake"),
    (r"\bin the same breath\b", "in the same call"),
    (r"\bput by hand\b", "entered by hand"),
    (r"\b(is|are) told apart\b", "is distinguished"),
    (r"\bbelongs? into\b", "belongs in"),
    (r"\bwhatever becomes of\b", "whatever happens to"),
    (r"\bsays? the (time-?out|error|page|connection)\b", "the ... says"),
    (rf"(?:^|[.;:] )Who (?:{VERBS})\b(?![^.]*\?)", "whoever, those who, or a noun"),
    (rf"\b(?:but|as|so|because|where) who (?:{VERBS}|is)\b", "whoever, or a noun"),
    (r"\bunlucky waits\b", "the unlucky ones wait"),
    (r"\bin all, and\b", "altogether"),
    (r"\bdon't (?:needs|has)\b", "doesn't"),
    (r"\binformations\b|\badvices\b", "no plural"),
    (r"\bspoil(?:s|t|ed)?\b", "abort"),
    (r"\bthe seed(?:'s)?\b", "django-sequences"),
    (r"\bsince (?:two|three|\d+) (?:years|days|hours|minutes|seconds)\b", "for"),
    (r"\ballows? to \w+\b", "allows ...ing, or lets you"),
    (r"\bpossibility to\b", "way to"),
    (r"\bactual(?:ly)? version\b", "current version"),
    (r"\bhow it looks like\b", "what it looks like"),
)

_COMPILED = tuple((re.compile(pattern, re.MULTILINE), say) for pattern, say in RULES)
_CODE = r"^( *)(```|~~~).*?^\1\2 *$|`[^`\n]*`"
_TARGET = r"\]\([^)]*\)"
_NO_PROSE = re.compile(f"{_CODE}|{_TARGET}", re.DOTALL | re.MULTILINE)


class Finding(NamedTuple):
    """One turn, and what to write instead."""

    line: int
    text: str
    say: str


def prose_of(page: str) -> str:
    """A page without its code: blanks stand for it, and lines stay where they are."""
    return _NO_PROSE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), page)


def findings(text: str, first_line: int = 1) -> Iterator[Finding]:
    """What is un-English in a text. A line's end counts as a blank."""
    flat = text.replace("\n", " ")
    for pattern, say in _COMPILED:
        for found in pattern.finditer(flat):
            line = first_line + text.count("\n", 0, found.start())
            yield Finding(line, found[0].strip(" .;:,"), say)


def docstrings_of(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings of a module, with the line that each begins in."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and (text := ast.get_docstring(node, clean=False)):
            yield node.body[0].lineno, text


def files(patterns: Iterable[str]) -> list[Path]:
    """Those of the repository that fit."""
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)})


def main() -> int:
    """Print what was found; 1 if anything was."""
    found = 0
    for path in files(PAGES):
        for each in findings(prose_of(path.read_text(encoding="utf-8"))):
            found += _tell(path, each)
    for path in files(SOURCES):
        for line, text in docstrings_of(path.read_text(encoding="utf-8")):
            for each in findings(prose_of(text), line):
                found += _tell(path, each)
    return min(found, 1)


def _tell(path: Path, each: Finding) -> int:
    print(f"{path.relative_to(ROOT)}:{each.line}: {each.text!r}: {each.say}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
