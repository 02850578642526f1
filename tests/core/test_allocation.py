"""Draws from several sequences at once: in which order, and what comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from aseq import InvalidSequence, SequenceExhausted, SequenceLocked
from aseq._core.allocation import Allocation, Subject
from aseq._core.arithmetic import MAX
from aseq._core.dialects import POSTGRESQL
from aseq._core.scripts import PartlyDrawn
from aseq._core.spec import SequenceSpec
from aseq._core.waiting import NOT_AT_ALL, Wait
from tests.core.playing import play

A, B, C = SequenceSpec("a"), SequenceSpec("b", step=5), SequenceSpec("c", 1, 3)
LAST = SequenceSpec("z", queue="0")
FREE, HELD = 1, 0


def test_locks_are_taken_by_queue_and_name_whatever_the_order() -> None:
    wanted = {B: 1, LAST: 1, A: 2}
    rows = [(7, "t", 1, FREE), (20, "t", 2, FREE), (105, "t", 3, FREE)]
    [statement], drawn = play(Allocation(wanted).plan(POSTGRESQL), rows)

    assert [item["called"] for item in json.loads(str(statement.binds["wanted"]))] == [
        "z",
        "a",
        "b",
    ]
    assert json.loads(str(statement.binds["names"])) == ["z", "a", "b"]
    assert sorted(map(str, statement.queue_names)) == ["0", "a", "b"]
    assert statement.queues
    assert drawn == {B: range(105, 110, 5), LAST: range(7, 8), A: range(19, 21)}
    assert list(drawn) == [B, LAST, A]


def test_a_cycle_and_none_of_another() -> None:
    _, drawn = play(Allocation({C: 2, A: 0}).plan(POSTGRESQL), [(1, "t", 1, FREE)])

    assert drawn == {C: (2, 1), A: range(0)}


def test_one_that_does_not_queue_takes_no_place() -> None:
    unfair = SequenceSpec("u", fair=False)
    [statement], _ = play(Allocation({unfair: 1}).plan(POSTGRESQL), [(1, "t", 1, FREE)])

    assert list(statement.queue_names) == []
    assert json.loads(str(statement.binds["wanted"]))[0]["queue"] is None


def test_held_by_another() -> None:
    plan = Allocation({A: 1, B: 1}).plan(POSTGRESQL, NOT_AT_ALL)
    with pytest.raises(SequenceLocked) as caught:
        play(plan, [(None, None, 1, HELD), (None, None, 2, HELD)])

    assert caught.value.sequence == "a, b"


def test_at_its_end_before_anything_was_drawn() -> None:
    with pytest.raises(SequenceExhausted) as caught:
        play(Allocation({A: 1}).plan(POSTGRESQL), [(None, "t", 1, FREE)], [(MAX,)])

    assert caught.value.last == MAX


def test_at_its_end_after_another_was_drawn() -> None:
    """The caller can't have all of them, and must not keep one."""
    rows = [(1, "t", 1, FREE), (None, "t", 2, FREE)]
    with pytest.raises(PartlyDrawn) as caught:
        play(Allocation({A: 1, B: 1}).plan(POSTGRESQL), rows, [(MAX,)])

    assert isinstance(caught.value.args[0], SequenceExhausted)


def test_what_errors_are_about() -> None:
    strict, lax = SequenceSpec("a"), SequenceSpec("b", require_transaction=False)
    many = {SequenceSpec(name): 1 for name in "abcde"}

    assert Allocation({lax: 1, strict: 1}).subject == Subject("a, b", "aseq_sequence", True)
    assert Allocation({lax: 1}).subject == Subject("b", "aseq_sequence", False)
    assert Allocation(many).subject.name == "a, b, c and 2 more"
    assert Allocation({A: 0}).empty
    assert not Allocation({A: 1}).empty
    assert set(POSTGRESQL.allocate) == set(Wait)


REFUSED: list[tuple[Mapping[SequenceSpec, int], str]] = [
    ({A: -1}, "count must be an integer of at least 0, not -1"),
    ({A: 1, SequenceSpec("a", step=2): 1}, "sequences has two called 'a': one name is one"),
    (
        {A: 1, SequenceSpec("b", table="billing.numbers"): 1},
        "sequences must be in one table, not aseq_sequence, billing.numbers",
    ),
    ({SequenceSpec(f"{i}"): 1 for i in range(1_001)}, "sequences must stand in 1,000 queues"),
]


@pytest.mark.parametrize(("wanted", "text"), REFUSED)
def test_refused(wanted: Mapping[SequenceSpec, int], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        Allocation(wanted)

    assert str(caught.value).startswith(text)


def test_first_values_that_do_not_fit() -> None:
    with pytest.raises(InvalidSequence, match="don't fit in 64 bits: draw from it with"):
        play(Allocation({SequenceSpec("a", MAX): 2}).plan(POSTGRESQL))
