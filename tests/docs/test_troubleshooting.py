"""The page for troubleshooting has every message, as the code has it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator

import pytest

from aseq import AseqError, errors
from tests.docs.markdown import DOCS
from tests.error_texts import TEXTS

SRC = DOCS.parent / "src" / "aseq"
PAGE = (DOCS / "how-to" / "troubleshooting.md").read_text(encoding="utf-8")
MESSAGES = PAGE.partition("## Messages")[2]
ROWS = re.findall(r"^\| `(.+?)`[^|]* \| .+ \| \[", MESSAGES, re.MULTILINE)

# What is refused, or told, in texts that no class of errors has by itself.
HINTS = {
    "aseq.adapters._sqlite": ["BLOCKS_WRITERS"],
    "aseq.adapters.sqlalchemy._on_postgresql": ["LEFT_INSIDE"],
    "aseq.adapters.sqlalchemy._listeners": ["SHARED", "GONE", "_LOST", "_UNDER_WAY"],
    "aseq.adapters.sqlalchemy._session": ["ENDED", "_UNBOUND"],
    "aseq.adapters.sqlalchemy._sqlite": ["IMMEDIATE"],
    "aseq.adapters.tortoise._block": ["LOST"],
    "aseq.ledger._advice": ["BINARY_LOG"],
}


def fits(row: str, text: str) -> bool:
    """Whether a message of the page is this text; dots stand for anything."""
    parts = (re.escape(part) for part in row.split("..."))
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


@pytest.mark.parametrize(("exc", "text"), [(exc, text) for exc, text, _ in TEXTS])
def test_every_error_is_found(exc: AseqError, text: str) -> None:
    assert [row for row in ROWS if fits(row, text)], f"no row has {text!r}"


def test_no_class_is_left_out() -> None:
    tried = {type(exc).__name__ for exc, _, _ in TEXTS}
    assert tried == set(errors.__all__) - {"AseqError"}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in HINTS.items() for name in names]
)
def test_every_hint_is_found(module: str, name: str) -> None:
    text = getattr(importlib.import_module(module), name)
    assert [row for row in ROWS if fits(row, text)], f"no row has {text!r}"


def texts_of_blocks() -> Iterator[str]:
    """What a block of `aatomic` says when it refuses, or has rolled back."""
    for path in (SRC / "django" / "_block").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                text = node.value.value
                if isinstance(text, str) and len(text) > 50:
                    yield text


@pytest.mark.parametrize("text", list(texts_of_blocks()))
def test_every_text_of_a_block_is_found(text: str) -> None:
    assert [row for row in ROWS if fits(row, text)], f"no row has {text!r}"


def test_every_row_is_a_text_of_the_code() -> None:
    """So that a text that is changed is changed on the page, too."""
    code = "".join(path.read_text(encoding="utf-8") for path in SRC.rglob("*.py"))
    joined = re.sub(r'"\n\s+f?"|"\s*\n\s+f?"', "", code)
    for row in ROWS:
        for part in filter(None, (part.strip(" .:,;") for part in row.split("..."))):
            assert part.strip("`") in joined, f"the code doesn't say {part!r}"
