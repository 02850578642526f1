"""Why a plan refuses: what it asks first, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aseq import AseqError, InvalidSequence, SequenceExhausted, SequenceLocked
from aseq._core import plans
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.plans import Plan
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Row, Statement
from tests.core.test_plans import TABLE, play

LOCKED = "nowait=True doesn't wait for it. The transaction is usable, and nothing was written"

UP, DOWN, LOOP = SequenceSpec("a", step=5), SequenceSpec("a", step=-5), SequenceSpec("a", 1, 3)
NOTHING: Sequence[Row] = []
NO_NUMBER: Sequence[Row] = [(None, "0")]

# Nothing was drawn. (spec, count, nowait, answers, error)
REFUSALS: list[tuple[SequenceSpec, int, bool, list[Sequence[Row]], AseqError]] = [
    (UP, 1, False, [NOTHING, [(MAX - 4,)]], SequenceExhausted("a", MAX - 4)),
    (UP, 2, False, [NOTHING, [(MAX - 9,)]], SequenceExhausted("a", MAX - 9)),
    (DOWN, 1, False, [NOTHING, [(MIN,)]], SequenceExhausted("a", MIN)),
    # Who waited isn't told that it is locked, whatever changed meanwhile.
    (UP, 1, False, [NOTHING, [(5,)]], SequenceExhausted("a", 5)),
    (UP, 1, False, [NOTHING, NOTHING], SequenceExhausted("a", None)),
    (LOOP, 1, False, [NOTHING, [(2,)]], SequenceExhausted("a", 2)),
    (UP, 1, True, [NO_NUMBER, [(MAX - 4,)]], SequenceExhausted("a", MAX - 4)),
    (UP, 1, True, [NO_NUMBER, [(MAX - 5,)]], SequenceLocked("a", LOCKED)),
    (UP, 2, True, [NO_NUMBER, [(MAX - 9,)]], SequenceExhausted("a", MAX - 9)),
    (UP, 2, True, [NO_NUMBER, [(MAX - 10,)]], SequenceLocked("a", LOCKED)),
    (DOWN, 1, True, [NO_NUMBER, [(MIN + 4,)]], SequenceExhausted("a", MIN + 4)),
    (DOWN, 1, True, [NO_NUMBER, [(MIN + 5,)]], SequenceLocked("a", LOCKED)),
    (UP, 1, True, [NO_NUMBER, NOTHING], SequenceLocked("a", LOCKED)),
    (UP, 1, True, [NOTHING, [(MAX,)]], SequenceExhausted("a", MAX)),
    (LOOP, 1, True, [NO_NUMBER], SequenceLocked("a", LOCKED)),
]


@pytest.mark.parametrize(("spec", "count", "nowait", "answers", "error"), REFUSALS)
def test_why_nothing_was_drawn(
    spec: SequenceSpec,
    count: int,
    nowait: bool,
    answers: list[Sequence[Row]],
    error: AseqError,
) -> None:
    plan = plans.next_values(spec, POSTGRESQL, count, nowait=nowait)
    said: list[Statement] = []
    with pytest.raises(type(error)) as caught:
        play(plan, *answers, said=said)

    assert caught.value.args == error.args
    assert [item.template for item in said[1:]] == [*POSTGRESQL.last_value] * (len(answers) - 1)
    assert all(item.binds["name"] == "a" and item.table == TABLE for item in said)


# Refused before anything is said. (plan, error)
AT_ONCE: list[tuple[Plan[Any], AseqError]] = [
    (plans.next_values(SequenceSpec("a", MAX), SQLITE, 2), SequenceExhausted("a", None)),
    (
        plans.next_values(SequenceSpec("a", MIN, step=-1), SQLITE, 2),
        SequenceExhausted("a", None),
    ),
    (plans.next_values(SequenceSpec("a", 2), SQLITE, MAX), SequenceExhausted("a", None)),
    (
        plans.advance_to(SequenceSpec("a", MIN + 1, step=2), SQLITE, MIN),
        InvalidSequence("value", "is before initial_value, and nothing fits before that"),
    ),
    (
        plans.advance_to(SequenceSpec("a", MAX - 1, step=-2), SQLITE, MAX),
        InvalidSequence("value", "is before initial_value, and nothing fits before that"),
    ),
]


@pytest.mark.parametrize(("plan", "error"), AT_ONCE)
def test_refused_before_the_first_statement(plan: Plan[Any], error: AseqError) -> None:
    with pytest.raises(type(error)) as caught:
        next(plan)

    assert caught.value.args == error.args
