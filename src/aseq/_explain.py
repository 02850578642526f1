"""From a driver's error to ours, where we can say more than the driver. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ._core.spec import SequenceSpec
from ._core.table import TableName
from .adapters.base import Facts
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


@contextmanager
def explained(spec: SequenceSpec, facts: Facts) -> Iterator[None]:
    """Let the errors of a plan about a sequence leave the block as the caller knows them.

    Raises:
        SequenceLocked: another transaction holds the sequence, and the wait was over.
        SequenceTableMissing: there is no table for the sequence.
    """
    try:
        yield
    except facts.driver_errors as exc:
        ours = _ours(exc, spec, facts)
        if ours is None:
            raise
        raise _dressed(ours, facts) from exc
    except AseqError as exc:
        if type(exc) not in facts.errors:
            raise
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
