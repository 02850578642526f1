"""Draws within a span of time, driven by hand: who is answered what."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from aseq import SequenceExhausted, SequenceLocked
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import DIALECTS, MYSQL, POSTGRESQL, SQLITE, Dialect, TimedDraw
from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Row, Statement
from aseq._core.timed import Timed, next_values_within
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, NOT_AT_ALL, Wait, Waiting, waiting
from tests.core.playing import TABLE, play

SPEC = SequenceSpec("a/2026", queue="a")
SPAN = range(1_000, 2_000)
BINDS: dict[str, Bind] = {
    "name": "a/2026",
    "queue": "a",
    "start": 3,
    "advance": 3,
    "lowest": MIN,
    "highest": MAX - 3,
    "since": 1_000,
    "latest": 1_999,
}


@pytest.mark.parametrize("nowait", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_draw_is_one_statement(dialect: Dialect, nowait: bool) -> None:
    plan = next_values_within(SPEC, dialect, 3, SPAN, waiting(nowait=nowait, timeout=None))
    locks = [[(1,)]] if nowait and dialect is MYSQL else []
    [*_, statement], drawn = play(plan, *locks, [(7, "whatever", 1_500)])

    [*_, template] = dialect.timed_draw[TimedDraw(True, Wait.NONE if nowait else Wait.ANY)]
    assert statement == Statement(template, TABLE, BINDS, 0 if nowait else None)
    assert statement.queues is (dialect is POSTGRESQL)
    assert drawn[:2] == (range(5, 8), 1_500)


def test_those_who_do_not_queue_have_a_text_of_their_own() -> None:
    plan = next_values_within(SequenceSpec("a", fair=False), POSTGRESQL, 1, SPAN)
    [statement], _ = play(plan, [(7, 1_500)])

    assert statement.template == POSTGRESQL.timed_draw[TimedDraw(queued=False)][0]
    assert not statement.queues


# What the server answers, and what comes of it: (rows, values, clock)
ANSWERS: list[tuple[Sequence[Row], Sequence[int] | None, int]] = [
    ([(1, 7, 1_000)], range(1, 2), 1_000),
    ([(1, 7, 1_999)], range(1, 2), 1_999),
    ([(1, 7, 2_000)], range(1, 2), 1_999),  # it went on between two looks
    ([("1", 7, Decimal(1_500))], range(1, 2), 1_500),  # codecs of the caller's
    ([(None, None, 2_000)], None, 2_000),
    ([(None, None, 999)], None, 999),
]


@pytest.mark.parametrize(("rows", "values", "clock"), ANSWERS)
def test_the_clock_is_told_in_any_case(
    rows: Sequence[Row], values: Sequence[int] | None, clock: int
) -> None:
    said, drawn = play(next_values_within(SPEC, POSTGRESQL, 1, SPAN), rows)

    assert drawn == Timed(values, clock, AS_LONG_AS_IT_TAKES)
    assert len(said) == 1


def test_where_no_row_can_tell_the_clock_is_asked() -> None:
    said, drawn = play(next_values_within(SPEC, SQLITE, 1, SPAN), [], [(2_000,)])

    assert said[1].template == SQLITE.clock[0]
    assert drawn == Timed(None, 2_000, AS_LONG_AS_IT_TAKES)


def test_nothing_was_drawn_though_the_clock_was_right() -> None:
    """The sequence is at its end, or the clock was set back between two looks."""
    plan = next_values_within(SPEC, POSTGRESQL, 1, SPAN)
    said, drawn = play(plan, [(None, None, 1_500)], [(41,)])
    assert drawn == Timed(None, 1_500, AS_LONG_AS_IT_TAKES)
    assert said[1].template == POSTGRESQL.last_value[0]

    with pytest.raises(SequenceExhausted) as caught:
        play(
            next_values_within(SPEC, POSTGRESQL, 2, SPAN),
            [(None, None, 1_500)],
            [(MAX - 1,)],
        )
    assert (caught.value.sequence, caught.value.last) == ("a/2026", MAX - 1)


def test_nowait_tells_a_sequence_that_is_held_from_a_period_that_is_over() -> None:
    def plan() -> Plan[Timed]:
        return next_values_within(SPEC, POSTGRESQL, 1, SPAN, NOT_AT_ALL)

    for last in ([], [(41,)]):
        with pytest.raises(SequenceLocked):
            play(plan(), [(None, None, "", 1_500)], last)
    with pytest.raises(SequenceExhausted):
        play(plan(), [(None, None, "", 1_500)], [(MAX,)])
    assert play(plan(), [(None, None, "", 2_000)])[1] == Timed(None, 2_000, NOT_AT_ALL)


def test_numbers_that_cannot_be_are_refused_before_anything_is_said() -> None:
    with pytest.raises(SequenceExhausted):
        next(next_values_within(SequenceSpec("a", MAX), POSTGRESQL, 2, SPAN))


def test_another_try_may_wait_for_what_is_left_of_the_time() -> None:
    wait = Waiting(Wait.BOUNDED, 5)
    plan = next_values_within(SPEC, POSTGRESQL, 1, SPAN, wait)
    [statement], drawn = play(plan, [(None, None, "0", "1250", 2_000)])
    _, on_sqlite = play(next_values_within(SPEC, SQLITE, 1, SPAN, wait), [(1, 1_500)])

    assert statement.binds["timeout"] == 5_000
    assert drawn == Timed(None, 2_000, Waiting(Wait.BOUNDED, 3.75))
    assert on_sqlite.left == wait
