"""What each database server understands: texts and codes, as data."""

from __future__ import annotations

from .base import Dialect, Draw
from .postgresql import POSTGRESQL, SPOIL
from .sqlite import SQLITE

__all__ = ("DIALECTS", "POSTGRESQL", "SPOIL", "SQLITE", "Dialect", "Draw")

DIALECTS = {dialect.name: dialect for dialect in (POSTGRESQL, SQLITE)}
