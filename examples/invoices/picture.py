"""Draws numbers and their holes, for a terminal or a plain log of 80 columns."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from .storm import Outcome
from .verdict import holes

PER_LINE = 50
GROUP = 10
FIRST = 16


def draw(console: Console, outcome: Outcome, rival: str) -> None:
    """Show the invoice numbers beside what people use instead."""
    full, hole = marks(console)
    for title, numbers in (("aseq", outcome.numbers), (rival, outcome.rivals)):
        found = len(holes(numbers))
        style = "red" if found else "green"
        heading = Text.assemble((title, "bold"), f": {len(numbers)} saved, ")
        console.print(heading.append(f"{found} holes", style=f"bold {style}"))
        console.print(f"  {_beginning(numbers, hole)}")
        for line in strip(numbers, full, hole):
            console.print(Text(f"  {line}", style=style))
        console.print()


def save(file: Path, outcome: Outcome, rival: str) -> None:
    """Write the same as a picture, which loads nothing from elsewhere."""
    from rich._export_format import CONSOLE_SVG_FORMAT  # it would load a font

    terminal = Console(record=True, file=io.StringIO(), width=64, force_terminal=True)
    draw(terminal, outcome, rival)
    no_fonts = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    terminal.save_svg(str(file), title="make demo", code_format=no_fonts, unique_id="demo")


def marks(console: Console) -> tuple[str, str]:
    """What stands for a number, and for a hole."""
    return ("#", ".") if console.options.ascii_only else ("█", "·")


def strip(numbers: Sequence[int], full: str, hole: str) -> Iterator[str]:
    """Lines with a mark for each number from 1 to the last, in groups of ten."""
    there = set(numbers)
    last = max(there, default=0)
    cells = [full if n in there else hole for n in range(1, last + 1)]
    for start in range(0, last, PER_LINE):
        groups = (
            "".join(cells[begin : min(begin + GROUP, start + PER_LINE)])
            for begin in range(start, min(start + PER_LINE, last), GROUP)
        )
        yield f"{start + 1:>4} {' '.join(groups)}"


def _beginning(numbers: Sequence[int], hole: str) -> str:
    there = set(numbers)
    first = (str(n) if n in there else hole for n in range(1, FIRST + 1))
    return f"{' '.join(first)} ... {max(there, default=0)}"
