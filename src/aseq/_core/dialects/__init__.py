"""What each database server understands: texts and codes, as data."""

from __future__ import annotations

from .base import Dialect, Draw
from .postgresql import ABORT, POSTGRESQL
from .sqlite import SQLITE

__all__ = ("ABORT", "DIALECTS", "POSTGRESQL", "SQLITE", "Dialect", "Draw")

DIALECTS = {dialect.name: dialect for dialect in (POSTGRESQL, SQLITE)}
