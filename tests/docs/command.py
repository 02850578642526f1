"""The page about the command, from its exit codes on made from what ``--help`` prints.

``python -m tests.docs.command`` writes it; a test compares it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from cyclopts import App

from aseq._cli.app import VERBS, app
from aseq._exit_codes import ExitCode
from tests.docs.markdown import DOCS

PAGE = DOCS / "reference" / "command-line.md"

_MADE = "## Exit codes\n"


def page() -> str:
    """The whole page."""
    head = PAGE.read_text(encoding="utf-8").partition(_MADE)[0]
    verbs = [_verb(name, verb) for name, verb in VERBS.items()]
    return "\n".join([head + _MADE, *_codes(), "", *verbs]).rstrip() + "\n"


def _codes() -> Iterator[str]:
    yield "| Code | Means |"
    yield "|---|---|"
    for name, text in _attribute_docs().items():
        yield f"| {ExitCode[name].value} | {text} |"


def _attribute_docs() -> dict[str, str]:
    """What stands under each code in the source."""
    lines = inspect.getsource(ExitCode).splitlines()
    return {
        line.split(" = ")[0].strip(): following.strip().strip('"')
        for line, following in pairwise(lines)
        if " = " in line
    }


def _verb(name: str, verb: Callable[..., Any]) -> str:
    text, _, examples = (inspect.getdoc(verb) or "").partition("For example:\n\n")
    command: App = app[name]
    rows = [
        f"| {_names(argument)} | {argument.parameter.help} |"
        for argument in command.assemble_argument_collection()
        if argument.parse and argument.show
    ]
    table = ["| Argument or option | |", "|---|---|", *rows]
    shell = ["```sh", inspect.cleandoc(examples), "```"]
    return "\n".join([f"## {name}", "", text.strip(), "", *shell, "", *table, ""])


def _names(argument: Any) -> str:
    return ", ".join(f"`{name}`" for name in argument.names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
