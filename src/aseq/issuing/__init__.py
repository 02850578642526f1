"""Numbers late, and by the thousand: for rows that were saved without one."""

from __future__ import annotations

from ._hooks import Issued
from ._issuer import Issuer
from ._number_rows import number_rows
from ._result import CounterRows, NumberedRows

__all__ = (
    "CounterRows",
    "Issued",
    "Issuer",
    "NumberedRows",
    "number_rows",
)
