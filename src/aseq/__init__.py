"""Gapless sequences for async Python: invoice, case and ticket numbers without holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._allocate import allocate
from ._connection import Connection
from ._core.retry import is_retryable
from ._holders import Holder, holders
from ._schema import create_table, create_table_sql, drop_table
from ._sequence import AsyncSequence
from ._turn import turn
from .errors import (
    AseqError,
    AuditRefused,
    HoldersUnknown,
    InvalidRow,
    InvalidSequence,
    IssuerClosed,
    IssuerFull,
    IssueTimeout,
    LedgerConflict,
    LedgerTableMissing,
    NestedTurn,
    NotInLedger,
    NotInTransaction,
    NotIssuable,
    RowRefused,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsteadyClock,
    UnsupportedConnection,
)

__all__ = (
    "AseqError",
    "AsyncSequence",
    "AuditRefused",
    "Connection",
    "Holder",
    "HoldersUnknown",
    "InvalidRow",
    "InvalidSequence",
    "IssueTimeout",
    "IssuerClosed",
    "IssuerFull",
    "LedgerConflict",
    "LedgerTableMissing",
    "NestedTurn",
    "NotInLedger",
    "NotInTransaction",
    "NotIssuable",
    "RowRefused",
    "SequenceCorrupted",
    "SequenceExhausted",
    "SequenceLocked",
    "SequenceTableMissing",
    "UnsteadyClock",
    "UnsupportedConnection",
    "allocate",
    "create_table",
    "create_table_sql",
    "drop_table",
    "holders",
    "is_retryable",
    "turn",
)


if TYPE_CHECKING:
    __version__: str
else:  # hidden from type checkers: they would take any name for one that is there

    def __getattr__(name: str) -> str:
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version

        return version("aseq")
