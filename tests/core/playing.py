"""Plans, driven by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from aseq._core.scripts import Plan
from aseq._core.statement import Row, Statement
from aseq._core.table import TableName

T = TypeVar("T")
TABLE = TableName("aseq_sequence")


def play(
    plan: Plan[T], *answers: Sequence[Row], said: list[Statement] | None = None
) -> tuple[list[Statement], T]:
    """Answer each statement of a plan; what it said, and its result."""
    said = [] if said is None else said
    waiting = list(answers)
    try:
        said.append(next(plan))
        while True:
            said.append(plan.send(waiting.pop(0)))
    except StopIteration as stop:
        assert not waiting, "the plan ended before it had all its answers"
        return said, stop.value
