"""`Numbering`: the public verbs."""

from __future__ import annotations

from dataclasses import dataclass

from ._spec import NumberingSpec


@dataclass(frozen=True, slots=True)
class Numbering(NumberingSpec):
    """A series of document numbers."""
