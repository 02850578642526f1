"""What each error says, carries and is."""

from __future__ import annotations

import copy
import pickle

import pytest

import aseq
from aseq import (
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
    errors,
)
from tests.error_texts import TEXTS

ALL = [exc for exc, _, _ in TEXTS]

# (error, its bases, what a caller may not take it for)
BASES: list[tuple[type[AseqError], tuple[type, ...], type]] = [
    (AseqError, (Exception,), OSError),
    (InvalidSequence, (AseqError, ValueError), TypeError),
    (UnsupportedConnection, (AseqError, TypeError), ValueError),
    (NotInTransaction, (AseqError, RuntimeError), ValueError),
    (SequenceLocked, (AseqError,), TimeoutError),
    (NestedTurn, (AseqError, RuntimeError), ValueError),
    (SequenceTableMissing, (AseqError, LookupError), KeyError),
    (SequenceExhausted, (AseqError, OverflowError), ValueError),
    (SequenceCorrupted, (AseqError, RuntimeError), ValueError),
    (AuditRefused, (AseqError, RuntimeError), ValueError),
    (InvalidRow, (AseqError, ValueError), RuntimeError),
    (RowRefused, (AseqError, RuntimeError), ValueError),
    (UnsteadyClock, (AseqError, RuntimeError), ValueError),
    (HoldersUnknown, (AseqError, RuntimeError), ValueError),
    (LedgerTableMissing, (AseqError, LookupError), KeyError),
    (NotInLedger, (AseqError, LookupError), KeyError),
    (LedgerConflict, (AseqError, RuntimeError), ValueError),
    (NotIssuable, (AseqError, LookupError), KeyError),
    (IssueTimeout, (AseqError,), TimeoutError),
    (IssuerFull, (AseqError,), OSError),
    (IssuerClosed, (AseqError, RuntimeError), ValueError),
]


def by_class(exc: AseqError) -> str:
    return type(exc).__name__


@pytest.mark.parametrize(("exc", "text", "attributes"), TEXTS)
def test_text_and_attributes(exc: AseqError, text: str, attributes: dict[str, object]) -> None:
    assert str(exc) == text
    assert {key: getattr(exc, key) for key in attributes} == attributes
    assert exc.args == tuple(attributes.values())


@pytest.mark.parametrize("exc", ALL, ids=by_class)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_survives_pickling(exc: AseqError, protocol: int) -> None:
    twin = pickle.loads(pickle.dumps(exc, protocol))

    assert type(twin) is type(exc)
    assert (str(twin), twin.__dict__) == (str(exc), exc.__dict__)


@pytest.mark.parametrize("exc", ALL, ids=by_class)
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_survives_copying(exc: AseqError, how: type[AseqError]) -> None:
    twin = how(exc)

    assert type(twin) is type(exc)
    assert (str(twin), twin.__dict__) == (str(exc), exc.__dict__)


@pytest.mark.parametrize("exc", ALL, ids=by_class)
def test_keeps_notes_when_pickled(exc: AseqError) -> None:
    noted = copy.copy(exc)
    noted.add_note("roll back")

    assert pickle.loads(pickle.dumps(noted)).__notes__ == ["roll back"]


@pytest.mark.parametrize(("cls", "bases", "other"), BASES)
def test_bases(cls: type[AseqError], bases: tuple[type, ...], other: type) -> None:
    assert cls.__bases__ == bases
    assert not issubclass(cls, other)


def test_the_tables_above_are_complete() -> None:
    assert {cls.__name__ for cls, _, _ in BASES} == set(errors.__all__)
    assert {by_class(exc) for exc in ALL} == set(errors.__all__) - {"AseqError"}


@pytest.mark.parametrize("name", errors.__all__)
def test_is_importable_from_aseq(name: str) -> None:
    assert getattr(aseq, name) is getattr(errors, name)
    assert name in aseq.__all__


def test_the_docstring_draws_the_tree() -> None:
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        branch = line.strip().lstrip("├└─ ").split("  ")[0]
        name, _, base = branch.rstrip(")").partition("(")
        if name in errors.__all__:
            drawn[name] = (AseqError.__name__, base) if base else (AseqError.__name__,)

    drawn["AseqError"] = ("Exception",)
    assert drawn == {cls.__name__: tuple(b.__name__ for b in bases) for cls, bases, _ in BASES}
