"""The word list finds what it is for, and leaves good English alone."""

from __future__ import annotations

import pytest

from devtools.prose import docstrings_of, findings, prose_of

BAD = (
    "All rows but for those.",
    "Nobody is harmed. Who waits for a number\nholds a connection.",
    "It fails, but who needs it has it.",
    "What must happen belongs into a queue.",
    "It waits for ever.",
    "The clock jumps to and\nfro.",
    "How long they wait, says the timeout.",
)
GOOD = (
    "Who waits for a number? Ask `holders`.",
    "It tells who holds a sequence, and who waits.",
    "Whoever waits holds a connection.",
    "Not for a number, but for a connection.",
)


@pytest.mark.parametrize("text", BAD)
def test_found(text: str) -> None:
    assert len(list(findings(text))) == 1


@pytest.mark.parametrize("text", GOOD)
def test_left_alone(text: str) -> None:
    assert list(findings(text)) == []


def test_code_is_no_prose() -> None:
    page = "# A\n\n```python\nx = 'for ever'\n```\n\n`for ever`, [it](for-ever 'for ever').\n"
    assert list(findings(prose_of(page))) == []
    assert prose_of(page).count("\n") == page.count("\n")


def test_lines_are_those_of_the_file() -> None:
    [found] = findings(prose_of("```\nx\n```\n\nIt waits\nfor ever.\n"))
    assert found.line == 6
    source = 'def f():\n    """One.\n\n    Waits for ever.\n    """\n'
    [(line, text)] = docstrings_of(source)
    assert [each.line for each in findings(text, line)] == [4]
