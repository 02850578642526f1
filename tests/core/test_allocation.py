"""Draws from several sequences at once: in which order, and what comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aseq import (
    AseqError,
    InvalidSequence,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    UnsteadyClock,
)
from aseq._core.allocation import Allocation, count_drawn
from aseq._core.arithmetic import MAX
from aseq._core.counter import check_all_drawable
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.dialects.kinds import ALLOCATES
from aseq._core.scripts import PartlyDrawn
from aseq._core.spec import SequenceSpec
from aseq._core.subject import Subject
from aseq._core.waiting import NOT_AT_ALL, Wait, Waiting
from aseq._core.wants import _drawing, _in_order
from tests.core.daily import Daily
from tests.core.playing import play

A, B, C = SequenceSpec("a"), SequenceSpec("b", step=5), SequenceSpec("c", 1, 3)
LAST = SequenceSpec("z", queue="0")
FREE, HELD = 1, 0
NOW = 1_800_000_000_000_000


def test_locks_are_taken_by_queue_and_name_whatever_the_order() -> None:
    wanted = {B: 1, LAST: 1, A: 2}
    rows = [(7, "t", 1, FREE, NOW), (20, "t", 2, FREE, NOW), (105, "t", 3, FREE, NOW)]
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
    _, drawn = play(Allocation({C: 2, A: 0}).plan(POSTGRESQL), [(1, "t", 1, FREE, NOW)])

    assert drawn == {C: (2, 1), A: range(0)}


def test_one_that_does_not_queue_takes_no_place() -> None:
    unfair = SequenceSpec("u", fair=False)
    [statement], _ = play(Allocation({unfair: 1}).plan(POSTGRESQL), [(1, "t", 1, FREE, NOW)])

    assert list(statement.queue_names) == []
    assert json.loads(str(statement.binds["wanted"]))[0]["queue"] is None


def test_held_by_another() -> None:
    plan = Allocation({A: 1, B: 1}).plan(POSTGRESQL, NOT_AT_ALL)
    with pytest.raises(SequenceLocked) as caught:
        play(plan, [(None, None, 1, HELD, NOW), (None, None, 2, HELD, NOW)])

    assert caught.value.sequence == "a, b"


def test_at_its_end_before_anything_was_drawn() -> None:
    with pytest.raises(SequenceExhausted) as caught:
        play(Allocation({A: 1}).plan(POSTGRESQL), [(None, "t", 1, FREE, NOW)], [(MAX,)])

    assert caught.value.last == MAX


def test_a_row_that_a_trigger_calls_otherwise() -> None:
    with pytest.raises(SequenceCorrupted, match="its last value is 3"):
        play(Allocation({A: 1}).plan(POSTGRESQL), [(4, "t", None, FREE, 0)], [(3,)])


def test_many_are_not_remembered() -> None:
    """Their list would be kept for as long as the process lives."""
    for many in (16, 17):
        wanted = {SequenceSpec(f"s{i:02}"): 1 for i in range(many)}
        rows = [(7, "t", place, FREE, 0) for place in range(1, many + 1)]
        for _ in range(2):
            before = _drawing.cache_info().currsize, _in_order.cache_info().currsize
            _, drawn = play(Allocation(wanted).plan(POSTGRESQL), rows)
            assert drawn == {spec: range(7, 8) for spec in wanted}
    assert (_drawing.cache_info().currsize, _in_order.cache_info().currsize) == before


@pytest.mark.parametrize("count", [True, 1.0])
def test_what_only_looks_like_a_count_that_is_remembered(count: Any) -> None:
    assert play(Allocation({A: 1}).plan(POSTGRESQL), [(1, "t", 1, FREE, 0)])
    with pytest.raises(InvalidSequence, match="count must be an integer"):
        Allocation({A: count})


def test_at_its_end_after_another_was_drawn() -> None:
    """The caller can't have all of them, and must not keep one."""
    rows = [(1, "t", 1, FREE, NOW), (None, "t", 2, FREE, NOW)]
    with pytest.raises(PartlyDrawn) as caught:
        play(Allocation({A: 1, B: 1}).plan(POSTGRESQL), rows, [(MAX,)])

    assert isinstance(caught.value.args[0], SequenceExhausted)


def test_what_errors_are_about() -> None:
    strict, lax = SequenceSpec("a"), SequenceSpec("b", require_transaction=False)
    many = {SequenceSpec(name): 1 for name in "abcde"}

    about = Allocation({lax: 1, strict: 1}).subject
    assert about == Subject("a, b", "aseq_sequence", True, ("a", "b"))
    assert Allocation({lax: 1}).subject == Subject("b", "aseq_sequence", False, ("b",))
    assert about._series == ("a", "b")
    assert Subject("a", "aseq_sequence")._series == ("a",)
    assert Allocation(many).subject.name == "a, b, c and 2 more"
    assert Allocation({A: 0}).empty
    assert not Allocation({A: 1}).empty
    assert set(POSTGRESQL.allocate) == set(ALLOCATES)


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


X, Y = Daily("x"), Daily("y")


def test_what_has_a_span_is_drawn_within_it() -> None:
    rows = [(9, "t", 1, FREE, 7), (2, "t", 2, FREE, 99), (2, "t", 3, FREE, 104)]
    wanted: dict[Any, int] = {Y: 2, A: 1, X: 2}
    [said], drawn = play(Allocation(wanted).plan(POSTGRESQL), rows)

    asked = json.loads(str(said.binds["wanted"]))
    assert [(each["called"], each.get("since"), each.get("latest")) for each in asked] == [
        ("a", None, None),
        ("x/0", 0, 99),
        ("y/0", 0, 99),
    ]
    # The clock was looked at before it was read.
    assert drawn == {
        A: range(9, 10),
        X: ["0-1 at 99", "0-2 at 99"],
        Y: ["0-1 at 99", "0-2 at 99"],
    }


@pytest.mark.parametrize("left", [None, 3.0])
def test_what_came_too_late_is_asked_for_once_more(left: float | None) -> None:
    wait = Waiting() if left is None else Waiting(Wait.BOUNDED, left)
    first = [(9, "t", 1, FREE, 99, 0, 1000), (None, "t", 2, FREE, 101, 0, 1000)]
    plan = Allocation({X: 1, Y: 2}).plan(POSTGRESQL, wait)
    said, drawn = play(plan, first, [(4, "t", 1, FREE, 102, 0, 1100)])

    asked = json.loads(str(said[1].binds["wanted"]))
    assert [each["called"] for each in asked] == ["y/1"]
    assert list(said[1].queue_names) == ["y"]
    assert said[1].timeout == (None if left is None else 2.0)
    assert drawn == {X: ["0-9 at 99"], Y: ["1-3 at 102", "1-4 at 102"]}


def test_in_the_new_period_the_order_is_that_of_the_new_names() -> None:
    late = [(None, "t", 1, FREE, 1000), (None, "t", 2, FREE, 1000)]
    z = Daily("z", 9)
    said, _ = play(
        Allocation({z: 1, Y: 1}).plan(POSTGRESQL),
        late,
        [(1, "t", 1, FREE, 1001), (1, "t", 2, FREE, 1001)],
    )

    assert json.loads(str(said[1].binds["names"])) == ["y/10", "z/10"]


def test_sqlite_is_asked_for_its_clock_if_nothing_was_drawn() -> None:
    said, drawn = play(Allocation({X: 1}).plan(SQLITE), [], [(105,)], [(1, None, 1, 1, 105)])

    assert len(said) == 3
    assert drawn == {X: ["1-1 at 105"]}


EARLY: list[tuple[object, ...]] = [(None, "t", 1, FREE, 100)]
LATE: list[tuple[object, ...]] = [(None, "t", 1, FREE, 99)]
WITHIN: list[tuple[object, ...]] = [(None, "t", 1, FREE, 50)]

# (answers, the error)
GIVEN_UP: list[tuple[list[list[tuple[object, ...]]], type[AseqError]]] = [
    ([EARLY, LATE, EARLY], UnsteadyClock),
    ([WITHIN, [(7,)], WITHIN, [(7,)], WITHIN, [(7,)]], SequenceCorrupted),
    ([WITHIN, [(MAX,)]], SequenceExhausted),
    ([[(None, None, 1, HELD, 50)]], SequenceLocked),
]


@pytest.mark.parametrize(("answers", "error"), GIVEN_UP)
def test_given_up(answers: list[list[tuple[object, ...]]], error: type[AseqError]) -> None:
    with pytest.raises(error):
        play(Allocation({X: 1}).plan(POSTGRESQL), *answers)


@pytest.mark.parametrize(("answers", "error"), GIVEN_UP)
def test_given_up_after_another_was_drawn(
    answers: list[list[tuple[object, ...]]], error: type[AseqError]
) -> None:
    """None of them may be kept."""
    drawn = [(3, "t", 1, FREE, 99), (None, "t", 2, FREE, 0)]
    answers = [answer for answer in answers if answer is not EARLY]
    if error is UnsteadyClock:
        answers = [EARLY, LATE]
    wanted: dict[Any, int] = {A: 1, Daily("x", 1): 1}
    with pytest.raises(PartlyDrawn) as caught:
        play(Allocation(wanted).plan(POSTGRESQL), drawn, *answers)

    assert isinstance(caught.value.args[0], error)
    assert "nothing was written" not in str(caught.value.args[0])


def test_two_that_are_one_sequence_from_some_moment_on() -> None:
    late = [(None, "t", 1, FREE, 500), (None, "t", 2, FREE, 500)]
    plan = Allocation({Daily("x", 1): 1, Daily("x", 2): 1}).plan(POSTGRESQL)
    with pytest.raises(InvalidSequence, match="two called 'x/5'"):
        play(plan, late)


def test_rows_whose_clock_was_set_back_in_between() -> None:
    """Both are late by the latest of what the server told: neither is taken for held up."""
    late = [(None, "t", 1, FREE, 105), (None, "t", 2, FREE, 99)]
    now = [(1, "t", 1, FREE, 105), (1, "t", 2, FREE, 105)]
    said, drawn = play(Allocation({X: 1, Y: 1}).plan(POSTGRESQL), late, now)

    assert len(said) == 2
    assert drawn == {X: ["1-1 at 105"], Y: ["1-1 at 105"]}


def test_sequences_are_those_of_the_connections_project() -> None:
    def adapt(spec: SequenceSpec) -> SequenceSpec:
        return SequenceSpec(spec.name, queue=spec.queue, table="shop.numbers")

    wanted: dict[Any, int] = {A: 1, X: 1}
    allocation = Allocation(wanted, adapt)
    late = [(1, "t", 1, FREE, 5), (None, "t", 2, FREE, 100)]
    said, drawn = play(allocation.plan(POSTGRESQL), late, [(1, "t", 1, FREE, 100)])

    assert {str(each.table) for each in said} == {"shop.numbers"}
    assert list(drawn) == [A, X]
    assert Allocation(wanted).adapted(adapt).subject.table == "shop.numbers"


def test_where_there_are_no_settings_it_stays_the_same() -> None:
    """But a counter of the next period is asked about, too."""
    asked: list[str] = []

    def adapt(spec: SequenceSpec) -> SequenceSpec:
        asked.append(spec.name)
        return spec

    allocation = Allocation({X: 1})
    assert allocation.adapted(adapt) is allocation
    play(
        allocation.plan(POSTGRESQL),
        [(None, "t", 1, FREE, 100)],
        [(1, "t", 1, FREE, 100)],
    )
    assert asked == ["x/0", "x/1"]


def test_a_sequence_is_the_right_one_at_any_moment() -> None:
    assert A._counter().at(NOW) == A._counter()
    assert A._counter().span is None


def test_what_cannot_be_drawn_from() -> None:
    check_all_drawable([A, X])
    with pytest.raises(InvalidSequence, match="has 'a', which is neither"):
        check_all_drawable([A, "a"])


def test_how_many_were_drawn() -> None:
    assert count_drawn({"a": [1, 2], "b": [], "c": ["INV-7"]}) == 3
