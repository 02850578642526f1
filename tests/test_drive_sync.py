"""Running a plan in sync code: what becomes of the transaction when it is interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from aseq._core.plans import last_value, next_values
from aseq._core.spec import SequenceSpec
from aseq._drive_sync import read_on_sync, run_on_sync
from aseq.adapters.base import SQLITE, Bind, Paramstyle, Row, SyncExecutor

A = SequenceSpec("a")


class Interrupted(SyncExecutor):
    """A statement on it is interrupted.

    Attributes:
        again: so is the question what the interrupt means.
        done: what became of the transaction.
    """

    dialect = SQLITE
    kind = "interrupted"
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    def __init__(self, *, again: bool = False) -> None:
        self.again = again
        self.done: list[str] = []

    def outside_transaction(self) -> str | None:
        return None

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        raise KeyboardInterrupt

    def refused(self, exc: BaseException, /) -> bool:
        if self.again:
            raise KeyboardInterrupt
        return False

    def abort(self) -> bool:
        self.done.append("aborted")
        return True

    def terminate(self) -> None:
        self.done.append("terminated")


def test_a_draw_that_is_interrupted() -> None:
    executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        run_on_sync(A, next_values(A, SQLITE, 1), executor, writes=True)
    assert executor.done == ["aborted"]


def test_a_draw_that_is_interrupted_once_more() -> None:
    """Before anybody knew what the first one meant: the connection is given up."""
    executor = Interrupted(again=True)
    with pytest.raises(KeyboardInterrupt):
        run_on_sync(A, next_values(A, SQLITE, 1), executor, writes=True)
    assert executor.done == ["terminated"]


def test_reading_that_is_interrupted() -> None:
    """Nothing can be lost, so the transaction stays as it is."""
    executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        read_on_sync(A, last_value(A, SQLITE), executor)
    assert executor.done == []
