"""What each database server understands: texts and codes, as data."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .base import Dialect
from .kinds import Allocate, Draw, Move, TimedDraw
from .mariadb import MARIADB
from .mysql import MYSQL
from .postgresql import ABORT, POSTGRESQL
from .servers import KNOWN, by_greeting
from .sqlite import SQLITE

__all__ = (
    "ABORT",
    "DIALECTS",
    "KNOWN",
    "MARIADB",
    "MYSQL",
    "POSTGRESQL",
    "SQLITE",
    "Allocate",
    "Dialect",
    "DialectName",
    "Draw",
    "Move",
    "TimedDraw",
    "by_greeting",
)

DialectName: TypeAlias = Literal["mariadb", "mysql", "postgresql", "sqlite"]

# These two come first: their drivers' errors have a SQLSTATE as well, which says less.
DIALECTS = {dialect.name: dialect for dialect in (MARIADB, MYSQL, POSTGRESQL, SQLITE)}
