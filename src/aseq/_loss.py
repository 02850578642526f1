"""What a call that ended with an error means: what was drawn, and what is said of it."""

from __future__ import annotations

from ._core.failure import report
from ._core.scripts import NothingDrawn
from ._log import FAILED_BEFORE, GIVEN_UP, LOST, LostTransaction, log
from .adapters.base import ConnectionInfo, TransactionEnded
from .errors import (
    NotInTransaction,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsteadyClock,
    UnsupportedConnection,
)

UNUSABLE_NOTE = (
    "aseq: the call may have drawn a number that nobody got, so its transaction was made "
    "unusable: roll it back (some drivers let commit() pass without an error, but nothing "
    "is saved)"
)
GIVEN_UP_NOTE = (
    "aseq: the call may have drawn a number that nobody got, and the database didn't "
    "answer any more, so the connection was closed"
)

# Raised by plans and executors when nothing was drawn. (InvalidSequence isn't among them:
# whatever calls something of the user's after the draw may raise that one as well.)
_NOTHING_DRAWN = (
    NothingDrawn,
    NotInTransaction,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    TransactionEnded,
    UnsteadyClock,
    UnsupportedConnection,
)


class Sent:
    """What was handed to a connection.

    Attributes:
        any: whether anything was.
        first: whether nothing that came before the latest statement can have drawn.
    """

    __slots__ = ("_reads", "any", "first")

    def __init__(self) -> None:
        self.any, self.first, self._reads = False, True, True

    def note(self, *, reads: bool) -> None:
        """Note a statement, before it is handed over."""
        self.any, self.first = True, self._reads
        self._reads = self._reads and reads


def may_have_drawn(exc: BaseException, info: ConnectionInfo, sent: Sent) -> bool:
    """Whether a number may have been drawn that the caller doesn't get.

    Args:
        exc: what was raised.
        info: the connection.
        sent: what was handed to it.
    """
    if not sent.any or isinstance(exc, _NOTHING_DRAWN):
        return False
    dialect = info.dialect
    found = report(exc, dialect.code)
    if found is not None and found.code in dialect.ends_transaction:
        return True  # earlier numbers are free again, and the next statement commits by itself
    # Where an error leaves the transaction usable, an earlier statement may have drawn.
    only = sent.first or dialect.aborts_on_error
    return not (only and info.refused(exc))


def log_failed_before(exc: BaseException, info: ConnectionInfo, about: str) -> None:
    """Log that somebody passed over an earlier error of the transaction, if so it is."""
    found = report(exc, info.dialect.code)
    if found is not None and found.code in info.dialect.failed_before:
        log(FAILED_BEFORE, sequence=about, connection=info.kind)


def report_loss(
    lost: BaseException, info: ConnectionInfo, about: str, aborted: bool | None
) -> None:
    """Say what became of the transaction: with the error, and in the log.

    Args:
        lost: what the call ended with.
        info: the connection.
        about: the sequence, or the sequences.
        aborted: what `abort` said; None if the connection was given up instead.
    """
    if aborted is False:  # nothing was drawn
        return
    lost.add_note(GIVEN_UP_NOTE if aborted is None else UNUSABLE_NOTE)
    log(
        GIVEN_UP if aborted is None else LOST,
        sequence=about,
        connection=info.kind,
        reason=lost,
    )
    if aborted:
        info.watch(LostTransaction(about, info.kind))


def has_lost(exc: BaseException) -> bool:
    """Whether an error says that its call may have lost a number."""
    notes = getattr(exc, "__notes__", ())
    return UNUSABLE_NOTE in notes or GIVEN_UP_NOTE in notes
