"""The verbs, under their names. What ``--help`` says of one is its docstring."""

from __future__ import annotations

from collections.abc import Callable

from cyclopts import App

import aseq
from aseq._exit_codes import ExitCode

from .verbs.audit import audit
from .verbs.change import advance_to, create, next_
from .verbs.ddl import ddl
from .verbs.doctor import doctor
from .verbs.look import holders, list_, show
from .verbs.take_over import take_over, take_over_table
from .verbs.void import void

_HELP = """\
Look at gapless sequences, move them forward, and audit the numbers that they gave.

The database is named by its URL, in the variable ASEQ_DSN:

    export ASEQ_DSN=postgresql://user:password@host:5432/database

    export ASEQ_DSN=mariadb://user:password@host:3306/database

    export ASEQ_DSN=sqlite:///shop.db
"""

_EPILOGUE = """\
For an auditor: `aseq audit invoice.number invoices` tells whether a number is missing or there
twice; `aseq audit --help` has more.

Exit codes: 0 it is done, 1 something was found (and nothing else), 2 a slip in what was asked,
3 the database can't be reached or refused, 4 others held the sequence too long, 70 a bug of
aseq's, 130 Ctrl-C, 141 nobody read the output.
"""

VERBS: dict[str, Callable[..., ExitCode]] = {
    "list": list_,
    "show": show,
    "audit": audit,
    "holders": holders,
    "doctor": doctor,
    "next": next_,
    "advance-to": advance_to,
    "take-over": take_over,
    "take-over-table": take_over_table,
    "void": void,
    "create": create,
    "ddl": ddl,
}
"""In the order in which ``--help`` shows them."""

app = App(
    name="aseq",
    help=_HELP,
    help_epilogue=_EPILOGUE,
    help_format="markdown",
    version=lambda: aseq.__version__,
    suppress_keyboard_interrupt=False,
)
for place, (name, verb) in enumerate(VERBS.items()):
    app.command(verb, name=name, sort_key=place, help_epilogue="")
app.register_install_completion_command()
