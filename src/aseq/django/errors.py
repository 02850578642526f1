"""aseq's errors that are Django's too: an ``except DatabaseError`` keeps working."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, DataError, OperationalError, ProgrammingError
from django.db.transaction import TransactionManagementError

from aseq import errors

__all__ = (
    "NotInTransaction",
    "NotIssuable",
    "SequenceCorrupted",
    "SequenceExhausted",
    "SequenceLocked",
    "SequenceTableMissing",
    "UnsteadyClock",
)


HOW_TO_CREATE = (
    "run `manage.py migrate`. (A migration that draws numbers must depend on "
    '("aseq", "0001_initial").) If the table is missing after that, '
    "`manage.py check --database default` says why"
)


class NotInTransaction(errors.NotInTransaction, TransactionManagementError):
    """As `aseq.NotInTransaction`, and Django's TransactionManagementError."""


class NotIssuable(errors.NotIssuable, ObjectDoesNotExist):
    """As `aseq.NotIssuable`, and Django's ObjectDoesNotExist."""

    def __str__(self) -> str:
        return (
            f"no number for row {self.key!r} of {self.table}, which can't be seen: it was "
            "deleted, or isn't committed yet. Leave the atomic block that saves the draft "
            "first, and ask then"
        )


class SequenceLocked(errors.SequenceLocked, OperationalError):
    """As `aseq.SequenceLocked`, and Django's OperationalError."""


class SequenceTableMissing(errors.SequenceTableMissing, ProgrammingError):
    """As `aseq.SequenceTableMissing`, and Django's ProgrammingError."""

    def __str__(self) -> str:
        return f"table {self.table!r} doesn't exist in this database: {HOW_TO_CREATE}"


class SequenceExhausted(errors.SequenceExhausted, DataError):
    """As `aseq.SequenceExhausted`, and Django's DataError."""


class SequenceCorrupted(errors.SequenceCorrupted, DatabaseError):
    """As `aseq.SequenceCorrupted`, and Django's DatabaseError."""


class UnsteadyClock(errors.UnsteadyClock, OperationalError):
    """As `aseq.UnsteadyClock`, and Django's OperationalError."""


ERRORS: Mapping[type[errors.AseqError], type[errors.AseqError]] = MappingProxyType(
    {
        errors.NotInTransaction: NotInTransaction,
        errors.SequenceLocked: SequenceLocked,
        errors.SequenceTableMissing: SequenceTableMissing,
        errors.SequenceExhausted: SequenceExhausted,
        errors.SequenceCorrupted: SequenceCorrupted,
        errors.UnsteadyClock: UnsteadyClock,
    }
)
