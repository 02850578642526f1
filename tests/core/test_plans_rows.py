"""The operations on a sequence's row, and on the table, driven by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from aseq import SequenceExhausted
from aseq._core import plans
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import DIALECTS, MYSQL, POSTGRESQL, SQLITE, Dialect, Move
from aseq._core.scripts import longest_wait
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Row, Script, Statement
from aseq._core.table import TableName
from aseq._core.waiting import waiting
from tests.core.playing import TABLE, play

SPEC = SequenceSpec("a")


def test_moves_and_deletes_stand_in_the_queue_that_was_named() -> None:
    spec = SequenceSpec("a/2026", queue="a")
    [moving], _ = play(plans.advance_to(spec, POSTGRESQL, 7), [(7, 1)])
    deleting, _ = play(plans.delete(spec, POSTGRESQL), [("", 1)], [(7,)])

    for statement in (moving, *deleting):
        assert (statement.binds["name"], statement.binds["queue"]) == ("a/2026", "a")


def about(script: Script, table: TableName = TABLE) -> list[Statement]:
    """A script as a plan about sequence "a" says it."""
    return [Statement(template, table, {"name": "a", "queue": "a"}) for template in script]


# Where a new row starts: (spec, value asked for, last value of the new row)
STARTS = [
    (SequenceSpec(), 41, 41),
    (SequenceSpec(), 1, 1),
    (SequenceSpec(), 0, 0),
    (SequenceSpec(), -7, 0),  # the first value is still to come
    (SequenceSpec(), MIN, 0),
    (SequenceSpec(), MAX, MAX),
    (SequenceSpec("a", 100, step=10), 95, 90),
    (SequenceSpec("a", 100, step=10), 105, 105),
    (SequenceSpec("a", 100, step=-10), 105, 110),
    (SequenceSpec("a", 100, step=-10), 100, 100),
    (SequenceSpec("a", 100, step=-10), 95, 95),
    (SequenceSpec("a", MIN), MIN, MIN),
    (SequenceSpec("a", 5, 9), 5, 5),  # of a loop, any of its values
    (SequenceSpec("a", 5, 9), 8, 8),
    (SequenceSpec("a", 5, 1, step=-1), 2, 2),
]


@pytest.mark.parametrize(("spec", "value", "start"), STARTS)
def test_advance_to_starts_a_new_row(spec: SequenceSpec, value: int, start: int) -> None:
    [statement], result = play(plans.advance_to(spec, SQLITE, value), [(start,)])

    assert statement.binds == {
        "name": spec.name,
        "queue": spec.name,
        "start": start,
        "value": value,
    }
    assert result == start


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_advance_to_is_one_statement(dialect: Dialect, step: int, fair: bool) -> None:
    spec = SequenceSpec("a", step=step, fair=fair, table="billing.numbers")
    before = [[()]] if dialect is MYSQL else []  # it is asked where it is then
    said, result = play(plans.advance_to(spec, dialect, step), *before, [(77,)])
    statement = said[0]

    assert result == 77, "the row may be further on already"
    assert tuple(each.template for each in said) == dialect.advance[step > 0, Move(fair)]
    assert statement.table == TableName("numbers", "billing")
    assert statement.timeout is None
    assert statement.queues is (fair and dialect is POSTGRESQL)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [([(7,)], 7), ([(0,)], 0), ([], None), ([("-7",)], -7), ([(Decimal(MAX),)], MAX)],
)
def test_last_value(rows: list[tuple[object]], expected: int | None) -> None:
    said, result = play(plans.last_value(SPEC, SQLITE), rows)

    assert said == about(SQLITE.last_value)
    assert (type(result), result) == (type(expected), expected)


@pytest.mark.parametrize(("rows", "expected"), [([(7,)], True), ([(0,)], True), ([], False)])
def test_delete_queues_before_it_takes_the_row(rows: list[tuple[int]], expected: bool) -> None:
    said, result = play(plans.delete(SPEC, POSTGRESQL), [("",)], rows)

    assert said == about(POSTGRESQL.delete[Move(queued=True)])
    assert [statement.queues for statement in said] == [True, False]
    assert result is expected


@pytest.mark.parametrize(
    ("dialect", "spec"),
    [
        (POSTGRESQL, SequenceSpec("a", fair=False)),
        (POSTGRESQL, SequenceSpec("a", table="sequences_sequence")),
        (SQLITE, SPEC),
    ],
)
def test_delete_takes_the_row_at_once_where_nobody_queues(
    dialect: Dialect, spec: SequenceSpec
) -> None:
    said, result = play(plans.delete(spec, dialect), [(7,)])

    assert said == about(dialect.delete[Move(queued=False)], TableName.parse(spec.table))
    assert [statement.queues for statement in said] == [False]
    assert result is True


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_table_is_created_and_dropped(dialect: Dialect) -> None:
    table = TableName("numbers", "billing")
    answers = [*([[0]] for _ in dialect.exists), *([] for _ in dialect.create)]
    created, _ = play(plans.create_table(dialect, table), *answers)
    dropped, _ = play(plans.drop_table(dialect, table), [])

    script = (*dialect.exists, *dialect.create)
    assert created == [Statement(template, table) for template in script]
    assert dropped == [Statement(template, table) for template in dialect.drop]


def test_workers_that_create_the_table_at_once_queue_first() -> None:
    lock, create = POSTGRESQL.create

    assert "pg_advisory_xact_lock" in lock.text
    assert create.text.startswith("CREATE TABLE IF NOT EXISTS")


def test_a_table_that_is_there_takes_no_right_to_create_it() -> None:
    table = TableName("numbers")
    created, _ = play(plans.create_table(POSTGRESQL, table), [[1]])

    assert created == [Statement(POSTGRESQL.exists[0], table)]


@pytest.mark.parametrize(("rows", "expected"), [([], 1), ([(41,)], 42), ([("41",)], 42)])
def test_what_would_come_next(rows: Sequence[Row], expected: int) -> None:
    _, following = play(plans.preview(SequenceSpec("a"), POSTGRESQL), rows)

    assert following == expected


def test_nothing_comes_after_the_end() -> None:
    with pytest.raises(SequenceExhausted) as caught:
        play(plans.preview(SequenceSpec("a"), POSTGRESQL), [(MAX,)])

    assert caught.value.last == MAX


def test_the_second_statement_has_the_time_that_the_first_left() -> None:
    wait = waiting(nowait=False, timeout=2)
    plan = plans.delete(SequenceSpec("a"), POSTGRESQL, wait)
    said, _ = play(plan, [(1_500, "7")], [(3,)])

    assert [statement.binds["timeout"] for statement in said] == [2_000, 500]


@pytest.mark.parametrize(
    ("rows", "seconds"),
    [
        ([(7, 2_500_000), (8, "100"), (9, None)], 2.5),
        ([(7, -3)], 0),  # a clock that was put back
        ([(7, None)], None),
        ([], None),
    ],
)
def test_the_longest_wait(rows: Sequence[Row], seconds: float | None) -> None:
    assert longest_wait(rows, 1) == seconds
