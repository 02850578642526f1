"""What each database server understands: texts and codes, as data."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .base import Allocate, Dialect, Draw, Move, TimedDraw
from .postgresql import ABORT, POSTGRESQL
from .sqlite import SQLITE

__all__ = (
    "ABORT",
    "DIALECTS",
    "POSTGRESQL",
    "SQLITE",
    "Allocate",
    "Dialect",
    "DialectName",
    "Draw",
    "Move",
    "TimedDraw",
)

DialectName: TypeAlias = Literal["postgresql", "sqlite"]

DIALECTS = {dialect.name: dialect for dialect in (POSTGRESQL, SQLITE)}
