"""Arguments that several verbs take, and what they name."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.management.base import CommandError
from django.utils.module_loading import import_string

from aseq.numbering._spec import NumberingSpec


def found_numbering(path: str) -> NumberingSpec:
    """The numbering that is called ``module:object``."""
    try:
        found = import_string(path.replace(":", "."))
    except ImportError as exc:
        raise CommandError(f"{path!r} isn't module:object: {exc}") from exc
    if not isinstance(found, NumberingSpec):
        raise CommandError(f"{path} isn't a Numbering, but {found!r}")
    return found


def pairs(option: str, form: str, told: Iterable[str]) -> dict[str, str]:
    """What was told as ``name=value``.

    Args:
        option: where, for the error.
        form: what it should have been.
        told: all of them.
    """
    found = {}
    for text in told:
        name, _, value = text.partition("=")
        if not value:
            raise CommandError(f"{option} takes {form}, not {text!r}")
        found[name] = value
    return found
