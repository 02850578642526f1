"""Results go to stdout, everything else to stderr; tables are for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aseq._printed import as_json, printable


def line(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """A line beside the result."""
    sys.stderr.write(f"{text}\n")


def json(value: object) -> None:
    """The result, for a program."""
    line(as_json(value))


def rows(
    columns: Sequence[str], cells: Iterable[Sequence[object]], plain: Callable[..., str]
) -> None:
    """The result, as a table on a terminal, and as a line for each row elsewhere.

    Args:
        columns: their headings. Columns of integers are aligned to the right.
        cells: the rows.
        plain: the line of a row, from its cells.
    """
    if not sys.stdout.isatty():
        for row in cells:
            line(plain(*row))
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*(_cell(value) for value in row))
    console = console_for(sys.stdout)
    with console.capture() as drawn:
        console.print(table)
    sys.stdout.write(drawn.get())


def _cell(value: object) -> Text:
    number = isinstance(value, int)
    text = printable(str(value))
    return Text(text, justify="right" if number else "left", overflow="fold")


class _Unforgiving(Console):
    """One that tells us of a closed pipe, where rich's own would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console_for(stream: TextIO) -> Console:
    """A console that doesn't decide how the command ends."""
    return _Unforgiving(file=stream)
