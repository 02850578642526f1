"""The operations, driven by hand: what is said, in which order, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest

from aseq._core import plans
from aseq._core.arithmetic import MAX, MIN
from aseq._core.dialects import DIALECTS, POSTGRESQL, SQLITE, Dialect, Draw
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Statement
from aseq._core.table import TableName
from aseq._core.waiting import Wait, waiting
from tests.core.playing import TABLE, play

T = TypeVar("T")
# What a spec sends for a draw: (spec, count, binds)
BINDS: list[tuple[SequenceSpec, int, Mapping[str, Bind]]] = [
    (
        SequenceSpec("a/2026", queue="a"),
        1,
        {
            "name": "a/2026",
            "queue": "a",
            "start": 1,
            "advance": 1,
            "lowest": MIN,
            "highest": MAX - 1,
        },
    ),
    (
        SequenceSpec("a"),
        1,
        {
            "name": "a",
            "queue": "a",
            "start": 1,
            "advance": 1,
            "lowest": MIN,
            "highest": MAX - 1,
        },
    ),
    (
        SequenceSpec("a", 10, step=-5),
        3,
        {
            "name": "a",
            "queue": "a",
            "start": 0,
            "advance": -15,
            "lowest": MIN + 15,
            "highest": MAX,
        },
    ),
    (
        SequenceSpec("a", MAX),
        1,
        {
            "name": "a",
            "queue": "a",
            "start": MAX,
            "advance": 1,
            "lowest": MIN,
            "highest": MAX - 1,
        },
    ),
    (
        SequenceSpec("a", 1, 8, step=2),  # 1, 3, 5, 7
        3,
        {
            "name": "a",
            "queue": "a",
            "start": 5,
            "first": 1,
            "step": 2,
            "low": 1,
            "high": 7,
            "room": 1,
            "advance": 6,
            "retreat": 2,
        },
    ),
    (
        SequenceSpec("a", 3, 0, step=-1),  # 3, 2, 1
        1,
        {
            "name": "a",
            "queue": "a",
            "start": 3,
            "first": 3,
            "step": -1,
            "low": 1,
            "high": 3,
            "room": 2,
            "advance": -1,
            "retreat": -2,
        },
    ),
]

# What the caller gets: (spec, count, the row's last value, values)
RESULTS: list[tuple[SequenceSpec, int, int, Sequence[int]]] = [
    (SequenceSpec(), 1, 1, range(1, 2)),
    (SequenceSpec(), 3, 7, range(5, 8)),
    (SequenceSpec(step=-2), 2, -3, range(-1, -5, -2)),
    (SequenceSpec("a", 1, 4), 2, 3, range(2, 4)),
    (SequenceSpec("a", 1, 4), 2, 1, (3, 1)),
    (SequenceSpec("a", 0, 2), 1, 0, range(1)),
]


@pytest.mark.parametrize(("spec", "count", "binds"), BINDS)
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_draw_is_one_statement(
    dialect: Dialect, spec: SequenceSpec, count: int, binds: Mapping[str, Bind]
) -> None:
    statement = next(plans.next_values(spec, dialect, count))

    draw = Draw(looping=spec.reset_value is not None, queued=True)
    queues = dialect is POSTGRESQL
    [template] = dialect.draw[draw]
    assert statement == Statement(template, TABLE, binds)
    assert statement.queues is queues
    sql, _ = dialect.render(statement, "qmark", TABLE)
    # Whose queue, only a queue asks; and MariaDB knows by itself what fits in 64 bits.
    unasked = {"mariadb": 3, "mysql": 3, "postgresql": 0, "sqlite": 1}[dialect.name]
    assert sql.count("?") >= len(binds) - unasked


@pytest.mark.parametrize(("spec", "count", "last", "values"), RESULTS)
def test_a_draw_gives_the_values_up_to_the_last(
    spec: SequenceSpec, count: int, last: int, values: Sequence[int]
) -> None:
    said, result = play(plans.next_values(spec, SQLITE, count), [(last,)])

    assert len(said) == 1
    assert result == values
    assert type(result) is type(values)


@pytest.mark.parametrize("reset", [None, 3])
@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("nowait", [True, False])
def test_each_kind_of_draw_has_its_text(reset: int | None, fair: bool, nowait: bool) -> None:
    spec = SequenceSpec("a", 1, reset, table="billing.numbers", fair=fair)
    statement = next(
        plans.next_values(spec, POSTGRESQL, 1, waiting(nowait=nowait, timeout=None))
    )

    assert (statement.template,) == POSTGRESQL.draw[
        Draw(reset is not None, fair, Wait.NONE if nowait else Wait.ANY)
    ]
    assert statement.table == TableName("numbers", "billing")
    assert statement.timeout == (0 if nowait else None)
    assert statement.queues is fair
