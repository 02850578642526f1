"""The page about the command, made from what ``--help`` prints.

``python -m tests.docs.command`` writes it; a test compares it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from cyclopts import App

from aseq._cli.app import VERBS, app
from aseq._exit_codes import ExitCode
from tests.docs.markdown import DOCS

PAGE = DOCS / "reference" / "command-line.md"

_HEAD = """\
<!-- Made from the command itself: change that, and run `python -m tests.docs.command`. -->
# Command line

`aseq`, or `python -m aseq`, looks at sequences, moves them forward, and audits the numbers that they
gave: from a shell, for an operator, an auditor or a scheduler. It needs the extra `cli`, and a driver:
psycopg, asyncpg or psycopg2 for PostgreSQL; nothing for SQLite. `manage.py aseq` has the same verbs for
[Django](../how-to/django.md#the-command).

```sh
pip install ".[cli,psycopg]"
aseq --help
aseq --install-completion
```

## The database

Name it by its URL, in the variable `ASEQ_DSN`: `postgresql://user:password@host:5432/database`, or
`sqlite:///shop.db`. What hosters and SQLAlchemy write is understood as well: `postgres://`,
`postgresql+asyncpg://`, `?sslmode=require`, also with a driver that has another word for it. The driver
that the URL names is used if it is installed, else whichever is. `--dsn` takes a URL, too; but others
on the machine can read it in the list of processes.

Of a URL, driver, host, port and database are printed, and nothing else: also where a driver's error, a
slip in the arguments or a traceback would have shown the rest. A password that isn't quoted (`@` is
`%40`, `/` is `%2F`) can make it unclear where the host begins; such a URL is refused.

A command opens one connection, and no transaction that lasts: those that only look let each statement
be by itself, those that change something do it in one short transaction. Ctrl-C rolls that back.

## Your own numberings

A sequence that counts by ones is known by its name. Anything else has its parameters in your code, so
that the command must be told where: `--numbering shop.numbers:invoices` names the object `invoices` of
the module `shop.numbers`, which is looked for in the current folder, too. It is a `Numbering` or a
sequence of aseq, for async code or sync code.

## Output

Results go to stdout, everything else to stderr. On a terminal a list is a table. Elsewhere there is
one thing a line, and nothing is cut; an [audit](#audit) begins with two lines that say what was looked
at, and goes on with one finding a line. `--json` is for programs.

## Exit codes
"""


def page() -> str:
    """The whole page."""
    verbs = [_verb(name, verb) for name, verb in VERBS.items()]
    return "\n".join([_HEAD, *_codes(), "", *verbs]).rstrip() + "\n"


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
        for line, following in zip(lines, lines[1:], strict=False)
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
