"""Why a plan refuses: what it asks first, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aseq import (
    AseqError,
    InvalidSequence,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
)
from aseq._core import plans
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.scripts import NotAnInteger, Plan
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Row, Statement
from aseq._core.waiting import waiting
from tests.core.playing import TABLE, play

LOCKED = (
    "nowait=True doesn't wait for it. The transaction is usable, and nothing was written. "
    "`aseq.holders` tells who holds it"
)

UP, DOWN, LOOP = SequenceSpec("a", step=5), SequenceSpec("a", step=-5), SequenceSpec("a", 1, 3)
NOTHING: Sequence[Row] = []
NO_NUMBER: Sequence[Row] = [(None, "0")]
ENTERED: Sequence[Row] = [("", 7)]
NULL: Sequence[Row] = [(None,)]

NO_CHANGE = "a draw changed nothing, and its last value is {}"
NO_ROW = "a draw changed nothing, and it has no row"
NOT_AN_INTEGER = "its last value is {}, not an integer"

# The first values don't fit: only a row that is there already can be moved on.
LATE = SequenceSpec("a", MAX)

# Nothing was drawn. (spec, count, nowait, answers, error)
REFUSALS: list[tuple[SequenceSpec, int, bool, list[Sequence[Row]], AseqError]] = [
    (UP, 1, False, [NOTHING, [(MAX - 4,)]], SequenceExhausted("a", MAX - 4)),
    (UP, 2, False, [NOTHING, [(MAX - 9,)]], SequenceExhausted("a", MAX - 9)),
    (DOWN, 1, False, [NOTHING, [(MIN,)]], SequenceExhausted("a", MIN)),
    # Who waited isn't told that it is locked: a trigger is the likeliest reason.
    (UP, 1, False, [NOTHING, [(5,)]], SequenceCorrupted("a", NO_CHANGE.format(5))),
    (UP, 1, False, [NOTHING, NOTHING], SequenceCorrupted("a", NO_ROW)),
    (LOOP, 1, False, [NOTHING, [(2,)]], SequenceCorrupted("a", NO_CHANGE.format(2))),
    (LOOP, 1, False, [NOTHING, NOTHING], SequenceCorrupted("a", NO_ROW)),
    # Somebody's own SQL, on a table without our constraints.
    (UP, 1, False, [NOTHING, NULL], SequenceCorrupted("a", NOT_AN_INTEGER.format("NULL"))),
    (UP, 1, True, [NO_NUMBER, NULL], SequenceCorrupted("a", NOT_AN_INTEGER.format("NULL"))),
    (LOOP, 1, False, [NULL, NULL], SequenceCorrupted("a", NOT_AN_INTEGER.format("NULL"))),
    (UP, 1, False, [[(2.5,)]], SequenceCorrupted("a", NOT_AN_INTEGER.format("2.5"))),
    (UP, 1, True, [NO_NUMBER, [(MAX - 4,)]], SequenceExhausted("a", MAX - 4)),
    (UP, 1, True, [NO_NUMBER, [(MAX - 5,)]], SequenceLocked("a", LOCKED)),
    (UP, 2, True, [NO_NUMBER, [(MAX - 9,)]], SequenceExhausted("a", MAX - 9)),
    (UP, 2, True, [NO_NUMBER, [(MAX - 10,)]], SequenceLocked("a", LOCKED)),
    (DOWN, 1, True, [NO_NUMBER, [(MIN + 4,)]], SequenceExhausted("a", MIN + 4)),
    (DOWN, 1, True, [NO_NUMBER, [(MIN + 5,)]], SequenceLocked("a", LOCKED)),
    (UP, 1, True, [NO_NUMBER, NOTHING], SequenceLocked("a", LOCKED)),
    (UP, 1, True, [NOTHING, [(MAX,)]], SequenceExhausted("a", MAX)),
    (LOOP, 1, True, [NO_NUMBER], SequenceLocked("a", LOCKED)),
    (LATE, 2, False, [ENTERED, NOTHING, NOTHING], SequenceExhausted("a", None)),
    (LATE, 2, False, [ENTERED, NOTHING, [(MAX - 1,)]], SequenceExhausted("a", MAX - 1)),
    (LATE, 2, True, [NO_NUMBER, NOTHING], SequenceExhausted("a", None)),
    (LATE, 2, True, [NO_NUMBER, [(5,)]], SequenceLocked("a", LOCKED)),
]


@pytest.mark.parametrize(("spec", "count", "nowait", "answers", "error"), REFUSALS)
def test_why_nothing_was_drawn(
    spec: SequenceSpec,
    count: int,
    nowait: bool,
    answers: list[Sequence[Row]],
    error: AseqError,
) -> None:
    plan = plans.next_values(spec, POSTGRESQL, count, waiting(nowait=nowait, timeout=None))
    said: list[Statement] = []
    with pytest.raises(type(error)) as caught:
        play(plan, *answers, said=said)

    assert caught.value.args == error.args
    draws = 2 if spec is LATE and not nowait else 1
    asked = [item.template for item in said[draws:]]
    assert asked == [*POSTGRESQL.last_value] * (len(answers) - draws)
    assert all(item.binds["name"] == "a" and item.table == TABLE for item in said)


# Other verbs. (plan, answers, error)
CORRUPTED: list[tuple[Plan[Any], Sequence[Row], AseqError]] = [
    (
        plans.last_value(UP, SQLITE),
        NULL,
        SequenceCorrupted("a", NOT_AN_INTEGER.format("NULL")),
    ),
    (
        plans.advance_to(UP, SQLITE, 5),
        NULL,
        SequenceCorrupted("a", "advancing it to 5 left no row"),
    ),
    (
        plans.advance_to(UP, SQLITE, 5),
        NOTHING,
        SequenceCorrupted("a", "advancing it to 5 left no row"),
    ),
]


@pytest.mark.parametrize(("plan", "answer", "error"), CORRUPTED)
def test_a_row_that_aseq_did_not_write(
    plan: Plan[Any], answer: Sequence[Row], error: AseqError
) -> None:
    with pytest.raises(type(error)) as caught:
        play(plan, answer)

    assert caught.value.args == error.args


def test_a_text_that_is_no_integer() -> None:
    """A codec of the caller's made it."""
    plan = plans.next_values(UP, POSTGRESQL, 1, waiting(nowait=False, timeout=None))
    with pytest.raises(NotAnInteger, match=r"^'id-1' isn't an integer$"):
        play(plan, [("id-1",)])


# Refused before anything is said. (plan, error)
AT_ONCE: list[tuple[Plan[Any], AseqError]] = [
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
