"""What the commands are told by name: objects of the application, and pairs."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable

from .errors import InvalidSequence


def named_object(path: str) -> object:
    """The object that is called ``module:object``.

    Raises:
        InvalidSequence: it isn't there, or its module can't be imported.
    """
    module, colon, name = path.partition(":")
    try:
        if not (module and colon and name):
            raise ValueError("there is no colon in it, or nothing on one side")
        return pkgutil.resolve_name(path)
    except Exception as exc:  # a module of the application's may raise anything
        raise InvalidSequence(repr(path), f"isn't module:object: {_told(exc)}") from exc


def _told(exc: Exception) -> str:
    if isinstance(exc, ImportError | AttributeError | ValueError):
        return str(exc)
    return f"{type(exc).__name__}: {exc}"


def pairs(option: str, form: str, told: Iterable[str]) -> dict[str, str]:
    """What was told as ``name=value``.

    Args:
        option: where, for the error.
        form: what it should have been.
        told: all of them.

    Raises:
        InvalidSequence: one of them isn't of that form.
    """
    found = {}
    for text in told:
        name, _, value = text.partition("=")
        if not value:
            raise InvalidSequence(option, f"takes {form}, not {text!r}")
        found[name] = value
    return found
