"""What is wrong with the arguments, without a single value of theirs.

cyclopts prints the value that it can't convert, and whatever it doesn't expect. A slip of the
hand puts a URL with its password there.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, UnknownOptionError
from cyclopts.exceptions import RepeatArgumentError, UnknownCommandError, UnusedCliTokensError

_FORMS = {"int": "an integer", "float": "a number", "bool": "nothing"}


def complaint(exc: CycloptsError, verbs: Iterable[str]) -> str:
    """What is wrong, and where help is.

    Args:
        exc: what cyclopts complains of.
        verbs: all that there are.
    """
    chain = list(exc.command_chain or ())
    problem = _problem(exc, list(verbs))
    end = "" if problem.endswith("?") else "."
    return f"{problem}{end} See {' '.join(['aseq', *chain, '--help'])}"


def _problem(exc: CycloptsError, verbs: list[str]) -> str:
    if isinstance(exc, UnknownCommandError):
        typed = (exc.unused_tokens or [""])[0]
        return "there is no such verb" + _meant(typed, verbs)
    if isinstance(exc, UnknownOptionError):
        typed = (exc.token.keyword or exc.token.value).partition("=")[0]
        return "there is no such option" + _meant(typed, _options(exc.argument_collection))
    if isinstance(exc, UnusedCliTokensError):
        return "there are more arguments than it takes"
    if isinstance(exc, CoercionError):
        kind = getattr(exc.target_type, "__name__", "")
        return f"{_name(exc)} takes {_FORMS.get(kind, 'another value')}"
    if isinstance(exc, MissingArgumentError):
        return f"{_name(exc)} is missing, or its value is"
    if isinstance(exc, RepeatArgumentError):
        return f"{_name(exc)} is there more than once"
    return f"{_name(exc)} can't be as it is"


def _name(exc: CycloptsError) -> str:
    names = list(getattr(exc.argument, "names", ()) or ())
    known = getattr(getattr(exc, "token", None), "keyword", None)  # it was found by that
    return max(names, key=len) if names else known or "an argument"


def _options(arguments: Iterable[Any]) -> list[str]:
    return [name for argument in arguments for name in argument.names]


def _meant(typed: str, known: list[str]) -> str:
    close = get_close_matches(typed, known, 1)
    return f"; did you mean {close[0]}?" if close else ""
