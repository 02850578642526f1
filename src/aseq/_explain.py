"""From a driver's error to ours, where we can say more than the driver. Runs nothing."""

from __future__ import annotations

from ._core.failure import code
from ._core.spec import SequenceSpec
from ._core.table import TableName
from .adapters.base import Facts, TransactionEnded
from .errors import AseqError, NotInTransaction, SequenceLocked, SequenceTableMissing


def refuse_autocommit(spec: SequenceSpec, facts: Facts) -> None:
    """Refuse to write where the change would be committed by itself.

    Raises:
        NotInTransaction: it would, and the sequence doesn't allow it.
    """
    if not spec.require_transaction:
        return
    advice = facts.autocommits()
    if advice is not None:
        raise NotInTransaction(spec.name, advice)


class explained:  # noqa: N801  # reads as a word; a generator would cost twice as much
    """Let the errors of a plan about a sequence leave the block as the caller knows them.

    Raises:
        NotInTransaction: the transaction ended before the statement could be sent.
        SequenceLocked: another transaction holds the sequence, and the wait was over.
        SequenceTableMissing: there is no table for the sequence.
    """

    __slots__ = ("_facts", "_spec")

    def __init__(self, spec: SequenceSpec, facts: Facts) -> None:
        self._spec, self._facts = spec, facts

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, exc: BaseException | None, *__: object) -> None:
        spec, facts = self._spec, self._facts
        if isinstance(exc, facts.driver_errors):
            ours = _ours(exc, spec, facts)
            if ours is not None:
                raise _dressed(ours, facts) from exc
            note = facts.dialect.notes.get(code(exc) or "")
            if note is not None:
                exc.add_note(note)
        elif isinstance(exc, TransactionEnded):
            raise _dressed(NotInTransaction(spec.name, *exc.args), facts) from None
        elif isinstance(exc, AseqError) and type(exc) in facts.errors:
            raise _dressed(exc, facts) from exc.__cause__


def _ours(exc: Exception, spec: SequenceSpec, facts: Facts) -> AseqError | None:
    table = str(facts.locate(TableName.parse(spec.table)))
    kind = facts.dialect.explain(exc, table)
    if kind is SequenceLocked:
        return SequenceLocked(spec.name, facts.dialect.busy)
    if kind is SequenceTableMissing:
        return SequenceTableMissing(table, spec.table)
    return None


def _dressed(exc: AseqError, facts: Facts) -> AseqError:
    """The same error as the subclass that the connection wants, if it wants one."""
    cls = facts.errors.get(type(exc))
    return exc if cls is None else cls(*exc.args)
