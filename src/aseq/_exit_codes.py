"""With which code the command `aseq` exits, so that cron can tell what happened."""

from __future__ import annotations

from enum import IntEnum

from .errors import (
    AseqError,
    IssuerFull,
    IssueTimeout,
    LedgerConflict,
    LedgerTableMissing,
    RowRefused,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsteadyClock,
)


class ExitCode(IntEnum):
    """What the code of a command says."""

    OK = 0
    """It did what was asked."""
    FINDINGS = 1
    """It looked, and found something wrong. Nothing else exits with it."""
    USAGE = 2
    """What was asked can't be: an argument, the settings, a name that isn't there."""
    DATABASE = 3
    """The database can't be reached, or refused."""
    LOCKED = 4
    """Another transaction held what was needed, and the wait was over: worth another try."""
    BUG = 70
    """An error that nobody foresaw: a bug in aseq."""
    INTERRUPTED = 130
    """Ctrl-C. What wasn't committed by then was rolled back."""
    PIPE = 141
    """Whoever read the output went away."""


_DATABASE = (
    LedgerConflict,
    LedgerTableMissing,
    RowRefused,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceTableMissing,
    UnsteadyClock,
)


def code_of(exc: AseqError) -> ExitCode:
    """The code for one of our errors. What isn't the database's fault is the caller's."""
    if isinstance(exc, SequenceLocked | IssueTimeout | IssuerFull):
        return ExitCode.LOCKED
    return ExitCode.DATABASE if isinstance(exc, _DATABASE) else ExitCode.USAGE
