"""MySQL: what an OK stands for, and draws from several sequences, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aseq import (
    AseqError,
    InvalidSequence,
    NotInTransaction,
    SequenceCorrupted,
    SequenceExhausted,
    UnsteadyClock,
)
from aseq._core import plans
from aseq._core.allocation import Allocation
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import MARIADB, MYSQL, SQLITE, Draw, by_greeting
from aseq._core.scripts import PartlyDrawn, Plan
from aseq._core.spec import SequenceSpec
from aseq._core.statement import IN_DOUBT, Row
from aseq._core.table import TableName
from aseq._core.timed import next_values_within
from aseq._core.waiting import NOT_AT_ALL, waiting
from tests.core.daily import Daily
from tests.core.errors import OperationalError
from tests.core.playing import play

A, B = SequenceSpec("a"), SequenceSpec("b", step=5)
X, Y = Daily("x"), Daily("y")

# (what the server says, whether it is a MySQL that is known)
GREETINGS = [
    ("9.7.4-2", True),
    ("8.0.17", True),
    ("8.0.36-0ubuntu0.22.04.1", True),
    ("8.0.35-27 Percona", True),
    ("8.0.16", False),
    ("5.7.44-log", False),
    ("8.0.11-TiDB-v8.5.0", False),
    ("8.0.30-Vitess", False),
    ("5.7.25-OceanBase-v4.3.5", False),
]


@pytest.mark.parametrize(("greeting", "known"), GREETINGS)
def test_the_server_says_what_it_is(greeting: str, known: bool) -> None:
    assert by_greeting(greeting) is (MYSQL if known else None)


# (the value, the id that the OK carries, rows that were changed)
OKS = [
    (7, 2**63 + 7, 1),
    (0, 2**63, 0),  # a cycle may end where it was
    (-5, 2**63 - 5, 2),
    (MAX, 2**64 - 1, 2),
    (MIN + 2**62, 2**62, 1),
]


@pytest.mark.parametrize(("value", "last_id", "changed"), OKS)
def test_what_an_ok_stands_for(value: int, last_id: int, changed: int) -> None:
    assert MYSQL.answer(last_id, changed) == ((value,),)


# (the id that the OK carries, rows that were changed)
DOUBTFUL = [
    (0, 1),  # a trigger leaves none
    (777, 1),  # AUTO_INCREMENT gives one
    (2**62 - 1, 2),
    (1, 0),
]


@pytest.mark.parametrize(("last_id", "changed"), DOUBTFUL)
def test_an_ok_that_may_stand_for_something_else(last_id: int, changed: int) -> None:
    assert MYSQL.answer(last_id, changed) == (IN_DOUBT,)


def test_what_is_in_doubt_is_confirmed() -> None:
    draws: list[Plan[Any]] = [
        plans.next_values(A, MYSQL, 1),
        next_values_within(A, MYSQL, 1, range(9)),
    ]
    for draw in draws:
        asked = [next(draw), draw.send([IN_DOUBT])]
        assert "LAST_INSERT_ID()" in asked[1].template.text
        assert asked[1].binds == asked[0].binds
        with pytest.raises(SequenceCorrupted, match="AUTO_INCREMENT"):
            draw.send([])
    said, drawn = play(plans.next_values(A, MYSQL, 1), [IN_DOUBT], [(MIN,)])
    assert (len(said), drawn) == (2, range(MIN, MIN + 1))


def test_whether_there_was_a_row_is_no_number() -> None:
    for answer, was_there in (((), False), ((IN_DOUBT,), True)):
        assert play(plans.delete(A, MYSQL), answer)[1] is was_there


def test_an_ok_that_stands_for_nothing() -> None:
    assert MYSQL.answer(0, 0) == ()
    assert MARIADB.answer(1, 0) == ()
    assert SQLITE.answer(1, 1) == ()  # its statements answer with rows


def test_a_wait_cannot_be_bounded() -> None:
    plan = plans.next_values(SequenceSpec("a"), MYSQL, 1, waiting(nowait=False, timeout=1))
    with pytest.raises(InvalidSequence, match=r"^timeout can't be kept on MySQL") as caught:
        MYSQL.render(next(plan), "format", TableName("numbers"))

    assert caught.value.argument == "timeout"
    assert "nowait=True" in str(caught.value)
    not_at_all = next(plans.next_values(SequenceSpec("a"), MYSQL, 1, NOT_AT_ALL))
    assert "NOWAIT" in MYSQL.render(not_at_all, "format", TableName("numbers"))[0]


def test_two_ways_to_look_for_the_transaction() -> None:
    asking = MYSQL.asking
    assert asking is not None
    assert "performance_schema" in asking.telling.inside
    assert "performance_schema" not in MYSQL.inside
    assert asking.asked.inside == ""
    for dialect in (MYSQL, asking.telling, asking.asked):
        assert (
            dialect.explain(OperationalError(3691, "Mismatched parenthesis"), "t")
            is NotInTransaction
        )
        assert dialect.draw == MYSQL.draw


def test_not_to_wait_takes_a_statement_before_the_draw() -> None:
    lengths = {len(script) for kind, script in MYSQL.draw.items() if kind == Draw(False, True)}
    assert lengths == {1}
    said, result = play(
        plans.next_values(SequenceSpec("a"), MYSQL, 1, NOT_AT_ALL), [(1,)], [(2,)]
    )
    assert (len(said), result) == (2, range(2, 3))


def test_each_is_drawn_from_by_itself_in_the_order_of_the_locks() -> None:
    said, drawn = play(Allocation({B: 2, A: 1}).plan(MYSQL), [(7,)], [(10,)])

    assert [each.binds["name"] for each in said] == ["a", "b"]
    assert drawn == {B: range(5, 15, 5), A: range(7, 8)}
    assert list(drawn) == [B, A]


def test_the_clock_is_read_after_a_draw_within_a_span() -> None:
    wanted: dict[Any, int] = {A: 1, X: 2}
    said, drawn = play(Allocation(wanted).plan(MYSQL), [(7,)], [(2,)], [(104,)])

    assert len(said) == 3
    assert drawn == {A: range(7, 8), X: ["0-1 at 99", "0-2 at 99"]}


def test_what_came_too_late_is_drawn_in_the_next_period() -> None:
    wanted: dict[Any, int] = {X: 1}
    said, drawn = play(Allocation(wanted).plan(MYSQL), [], [(105,)], [(1,)], [(106,)])

    assert said[2].binds["name"] == "x/1"
    assert drawn == {X: ["1-1 at 106"]}


def test_the_next_period_is_that_of_the_connections_project() -> None:
    def adapt(spec: SequenceSpec) -> SequenceSpec:
        return SequenceSpec(spec.name, queue=spec.queue, table="shop.numbers")

    plan = Allocation({X: 1}, adapt).plan(MYSQL)
    said, _ = play(plan, [], [(105,)], [(1,)], [(106,)])
    assert {str(each.table) for each in said} == {"shop.numbers"}


# (answers, the error)
GIVEN_UP: list[tuple[list[Sequence[Row]], type[AseqError]]] = [
    ([[], [(100,)], [], [(99,)], [], [(100,)]], UnsteadyClock),
    ([[], [(50,)], [(7,)]] * 3, SequenceCorrupted),
    ([[], [(50,)], [(MAX,)]], SequenceExhausted),
]


@pytest.mark.parametrize(("answers", "error"), GIVEN_UP)
def test_given_up(answers: list[Sequence[Row]], error: type[AseqError]) -> None:
    with pytest.raises(error):
        play(Allocation({X: 1}).plan(MYSQL), *answers)
    both: dict[Any, int] = {A: 1, X: 1}
    with pytest.raises(PartlyDrawn) as caught:
        play(Allocation(both).plan(MYSQL), [(7,)], *answers)
    assert isinstance(caught.value.args[0], error)


def test_first_values_that_do_not_fit() -> None:
    with pytest.raises(InvalidSequence, match="don't fit in 64 bits: draw from it with"):
        play(Allocation({SequenceSpec("a", MAX): 2}).plan(MYSQL))


def test_another_day_of_another() -> None:
    """Each has a moment of its own."""
    _, drawn = play(
        Allocation({X: 1, Y: 1}).plan(MYSQL), [(1,)], [(99,)], [], [(100,)], [(1,)], [(101,)]
    )
    assert drawn == {X: ["0-1 at 99"], Y: ["1-1 at 101"]}
