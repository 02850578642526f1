"""Fields of models that number themselves when a row is first saved."""

from __future__ import annotations

from ._numbering import NumberingField
from ._sequence import SequenceField

__all__ = ("NumberingField", "SequenceField")
