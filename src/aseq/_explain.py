"""From a driver's error to ours, where we can say more than the driver. Runs nothing."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

from ._core.failure import report
from ._core.scripts import NotAnInteger, NothingDrawn, PartlyDrawn, not_an_integer
from ._core.table import TableName
from .adapters.base import ConnectionInfo, TransactionEnded
from .errors import AseqError, NotInTransaction, SequenceLocked, SequenceTableMissing


class Subject(Protocol):
    """What a plan is about, as errors speak of it: a sequence, or several."""

    @property
    def name(self) -> str:
        """Its name, or their names."""
        ...

    @property
    def table(self) -> str:
        """The table, as it is called in the code."""
        ...

    @property
    def require_transaction(self) -> bool:
        """Whether a change that would be committed by itself is refused."""
        ...

    @property
    def _series(self) -> tuple[str, ...]:
        """The names for hooks: of a numbering, not of one of its counters."""
        ...


def check_in_transaction(spec: Subject, info: ConnectionInfo) -> None:
    """Refuse to write where the change would be committed by itself.

    Raises:
        NotInTransaction: it would, and the sequence doesn't allow it.
    """
    if not spec.require_transaction:
        return
    advice = info.outside_transaction()
    if advice is not None:
        raise NotInTransaction(spec.name, advice)


class explained:  # noqa: N801  # reads as a word; a generator would cost twice as much
    """Let the errors of a plan about a sequence leave the block as the caller knows them.

    Raises:
        NotInTransaction: the transaction ended before the statement could be sent.
        SequenceCorrupted: its row has something that is no integer.
        SequenceLocked: another transaction holds the sequence, and the wait was over.
        SequenceTableMissing: there is no table for the sequence.
    """

    __slots__ = ("_began", "_info", "_spec")

    def __init__(self, spec: Subject, info: ConnectionInfo) -> None:
        self._spec, self._info = spec, info
        self._began = perf_counter()

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, exc: BaseException | None, *__: object) -> None:
        spec, info = self._spec, self._info
        if isinstance(exc, info.driver_errors):
            ours = _translate(exc, spec, info, perf_counter() - self._began)
            if ours is not None:
                raise _as_subclass(ours, info) from exc
            found = report(exc, info.dialect.code)
            if found is not None and found.code in info.dialect.notes:
                note = info.dialect.notes[found.code]
                exc.add_note(note.format(sequence=repr(spec.name)))
        elif isinstance(exc, PartlyDrawn | NothingDrawn):
            raise _as_subclass(_with_notes(exc.args[0], exc), info) from None
        elif isinstance(exc, NotAnInteger):
            ours = not_an_integer(spec.name, *exc.args)
            raise _as_subclass(_with_notes(ours, exc), info) from None
        elif isinstance(exc, TransactionEnded):
            raise _as_subclass(NotInTransaction(spec.name, *exc.args), info) from None
        elif isinstance(exc, AseqError) and type(exc) in info.errors:
            raise _as_subclass(exc, info) from exc.__cause__


def _translate(
    exc: Exception, spec: Subject, info: ConnectionInfo, waited: float
) -> AseqError | None:
    table = str(info.locate(TableName.parse(spec.table)))
    kind = info.dialect.explain(exc, table)
    if kind is SequenceLocked:
        return SequenceLocked(spec.name, info.dialect.busy, waited)
    if kind is NotInTransaction:
        return NotInTransaction(spec.name, info.dialect.ended)
    if kind is SequenceTableMissing:
        return SequenceTableMissing(table, spec.table)
    return None


def _as_subclass(exc: AseqError, info: ConnectionInfo) -> AseqError:
    """The same error as the subclass that the connection wants, if it wants one."""
    cls = info.errors.get(type(exc))
    if cls is None:
        return exc
    theirs = cls(*exc.args)
    for note in getattr(exc, "__notes__", ()):
        theirs.add_note(note)
    return theirs


def _with_notes(reason: AseqError, exc: BaseException) -> AseqError:
    """The caller's error, with what was noted on a plan's of what became of the transaction."""
    for note in getattr(exc, "__notes__", ()):
        reason.add_note(note)
    return reason
