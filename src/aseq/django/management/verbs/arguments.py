"""Arguments that several verbs take, and what they name."""

from __future__ import annotations

from django.core.management.base import CommandError

from aseq._arguments import named_object
from aseq.numbering._spec import NumberingSpec


def found_numbering(path: str) -> NumberingSpec:
    """The numbering that is called ``module:object``."""
    found = named_object(path)
    if not isinstance(found, NumberingSpec):
        raise CommandError(f"{path} isn't a Numbering, but {found!r}")
    return found
