"""Is anything missing or repeated, and why? An auditor's questions to the database."""

from __future__ import annotations

from ._audit import audit
from .findings import (
    OutOfOrder,
    Outside,
    Range,
    Repeated,
    RowKey,
    Unreadable,
    Void,
)
from .progress import Progress
from .result import Audit
from .series import SeriesAudit, Totals

__all__ = (
    "Audit",
    "OutOfOrder",
    "Outside",
    "Progress",
    "Range",
    "Repeated",
    "RowKey",
    "SeriesAudit",
    "Totals",
    "Unreadable",
    "Void",
    "audit",
)
