"""Numbers late, and by the thousand: for rows that were saved without one."""

from __future__ import annotations

from ._number_rows import number_rows
from ._result import CounterRows, NumberedRows

__all__ = (
    "CounterRows",
    "NumberedRows",
    "number_rows",
)
