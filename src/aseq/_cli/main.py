"""How the command ends: every way out of it has a message and a code.

Python exits with 1 after any error, and so do rich (when a pipe is closed) and cyclopts. 1 is
for findings, which a scheduler mails to an auditor; so nothing leaves but by `ExitCode`.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import CycloptsError

from aseq._exit_codes import ExitCode, code_of
from aseq._printed import BUG
from aseq.errors import AseqError, SequenceTableMissing

from . import interrupt, output
from .app import VERBS, app
from .problems import Problem
from .secrets import SECRETS
from .usage import complaint

_NO_TABLE = "there is no table {!r}: `aseq create` makes it, and --table names another one"


def main() -> None:
    """Run the command with the arguments of the process, and exit."""
    _quiet()
    interrupt.install()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = ExitCode.PIPE
    if code == ExitCode.PIPE:  # or Python would try again, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


def _quiet() -> None:
    """What libraries would print by themselves isn't ours, and may have secrets."""
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name may have what a terminal can't show
            stream.reconfigure(errors="backslashreplace")


def run(tokens: Sequence[str]) -> ExitCode:
    """Run the command; the code that it ends with."""
    try:
        return _run(tokens)
    except BrokenPipeError:
        return ExitCode.PIPE


def _run(tokens: Sequence[str]) -> ExitCode:
    try:
        code = app(
            list(tokens),
            exit_on_error=False,
            print_error=False,
            help_on_error=False,
            result_action="return_value",
            console=output.console_for(sys.stdout),
        )
        sys.stdout.flush()
        return code if isinstance(code, ExitCode) else ExitCode.OK
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as exc:
        if isinstance(exc, KeyboardInterrupt) or interrupt.interrupted():
            output.note("\naseq: interrupted. What wasn't committed was rolled back")
            return ExitCode.INTERRUPTED
        return _failed(exc)


def _failed(exc: Exception) -> ExitCode:
    if isinstance(exc, Problem):
        text, code = str(exc), exc.code
    elif isinstance(exc, SequenceTableMissing):
        text, code = _NO_TABLE.format(exc.table), code_of(exc)
    elif isinstance(exc, AseqError):
        text, code = SECRETS.scrub(str(exc)), code_of(exc)
    elif isinstance(exc, CycloptsError):
        text, code = complaint(exc, VERBS), ExitCode.USAGE
    else:
        trace = "".join(traceback.format_exception(exc))
        output.note(SECRETS.scrub(trace) + BUG)
        return ExitCode.BUG
    output.note(f"aseq: {text}")
    return code
