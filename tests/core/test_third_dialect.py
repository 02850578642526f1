"""The core asks nothing of a dialect that only PostgreSQL and SQLite could give.

This one is as MySQL would have it: backticks, a draw in two statements, no RETURNING, a
division of its own, numbers for codes, and an error that ends the transaction silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aseq._core import plans
from aseq._core.dialects import DIALECTS, MYSQL, SQLITE, Dialect, Draw
from aseq._core.dialects.fragments import CREATE, KEY, looping
from aseq._core.dialects.kinds import DRAWS, MOVES
from aseq._core.failure import report
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Row, Script, Template
from aseq._core.table import TableName
from aseq._core.waiting import NOT_AT_ALL, Wait
from tests.core.errors import Driver, as_orig
from tests.core.playing import play

TABLE = TableName("numbers", "billing")


def upsert(next_value: str) -> Script:
    return (
        Template(
            "INSERT INTO $table (name, last) VALUES (:name, :start) "
            f"ON DUPLICATE KEY UPDATE last = {next_value}"
        ),
        Template("SELECT last FROM $table WHERE name = :name"),
    )


def number(exc: BaseException) -> int | None:
    return getattr(exc, "errno", None)


THIRD = replace(
    SQLITE,
    name="third",
    quote="`",
    draw={
        draw: upsert(looping("last", "DIV") if draw.looping else "last + :advance")
        for draw in DRAWS
    },
    advance={
        (upwards, move): upsert(f"{furthest}(last, :value)")
        for upwards, furthest in ((True, "greatest"), (False, "least"))
        for move in MOVES
    },
    delete=dict.fromkeys(
        MOVES,
        (
            Template("DELETE FROM $table WHERE name = :name"),
            Template("SELECT 1 FROM DUAL WHERE row_count() > 0"),
        ),
    ),
    create=(
        Template(
            CREATE.format(
                key=KEY,
                name="varchar(100) COLLATE utf8mb4_0900_bin",
                checks="CONSTRAINT ${bare}_name_check CHECK (char_length(name) > 0)",
                storage=" ENGINE=InnoDB",
            )
        ),
    ),
    code=number,
    retryable=frozenset({1205, 1213}),
    ends_transaction=frozenset({1213}),
)

SPEC = SequenceSpec("a", table="billing.numbers")
NOTHING: Sequence[Row] = ()
INSERT = (
    "INSERT INTO `billing`.`numbers` (name, last) VALUES (%s, %s) "
    "ON DUPLICATE KEY UPDATE last = last + %s"
)


def test_a_draw_in_two_statements_is_answered_by_the_second() -> None:
    said, values = play(plans.next_values(SPEC, THIRD, 3), NOTHING, [(7,)])

    assert values == range(5, 8)
    assert [THIRD.render(statement, "format", TABLE) for statement in said] == [
        (INSERT, ("a", 3, 3)),
        ("SELECT last FROM `billing`.`numbers` WHERE name = %s", ("a",)),
    ]


def test_all_statements_of_a_draw_are_told_not_to_wait() -> None:
    said, _ = play(plans.next_values(SPEC, THIRD, 1, NOT_AT_ALL), NOTHING, [(1,)])

    assert [statement.timeout for statement in said] == [0, 0]


def test_the_other_verbs_take_two_statements_as_well() -> None:
    _, last = play(plans.advance_to(SPEC, THIRD, 5), NOTHING, [(9,)])
    _, deleted = play(plans.delete(SPEC, THIRD), NOTHING, [(1,)])
    _, nothing = play(plans.delete(SPEC, THIRD), NOTHING, NOTHING)

    assert (last, deleted, nothing) == (9, True, False)


def test_a_division_of_its_own() -> None:
    text = THIRD.draw[Draw(looping=True, queued=True)][0].text

    assert "WHEN (last - :first) DIV :step < :room THEN last + :advance" in text
    assert "s.last" not in text
    assert "/" not in text


def test_a_table_of_its_own() -> None:
    assert THIRD.ddl(TABLE) == (
        "CREATE TABLE IF NOT EXISTS `billing`.`numbers` (\n"
        "    name varchar(100) COLLATE utf8mb4_0900_bin NOT NULL,\n"
        "    last bigint NOT NULL,\n"
        "    CONSTRAINT numbers_pkey PRIMARY KEY (name),\n"
        "    CONSTRAINT numbers_name_check CHECK (char_length(name) > 0)\n"
        ") ENGINE=InnoDB"
    )


def test_codes_of_its_own() -> None:
    found = report(as_orig(Driver("Deadlock found", errno=1213)), THIRD.code)

    assert found is not None
    assert found.code in THIRD.retryable & THIRD.ends_transaction


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_ours_draw_and_advance_in_one_round_trip(dialect: Dialect) -> None:
    draws = [
        script
        for kind, script in dialect.draw.items()
        if kind.starts and (dialect is not MYSQL or kind.wait is not Wait.NONE)
    ]
    moves = () if dialect is MYSQL else dialect.advance.values()
    assert {len(script) for script in (*draws, *moves)} == {1}
