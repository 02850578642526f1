"""Document numbers: from a number to ``INV-2026-00042``, for each tenant and year."""

from __future__ import annotations

from ._documents import DocumentNumber, ParsedNumber
from ._fiscal_year import FiscalYear
from ._numbering import Numbering
from ._take_over import TakenOver, Unread

__all__ = ("DocumentNumber", "FiscalYear", "Numbering", "ParsedNumber", "TakenOver", "Unread")
