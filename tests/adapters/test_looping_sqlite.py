"""The real looping text on SQLite: every value against counting one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from aseq._core import plans
from aseq._core.dialects import SQLITE
from aseq._core.spec import DEFAULT_TABLE, SequenceSpec
from aseq._core.statement import Bind
from aseq._core.table import TableName
from tests.core.looping import cases, one_by_one

TABLE = TableName(DEFAULT_TABLE)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in plans.create_table(SQLITE, TABLE):
            connection.execute(*SQLITE.render(statement, "qmark", TABLE))
        connection.execute("BEGIN")
        yield connection


def draw(
    connection: sqlite3.Connection, spec: SequenceSpec, last: int | None, count: int
) -> int:
    """Draw after `last`; where the draw ended."""
    connection.execute("DELETE FROM aseq_sequence")
    if last is not None:
        connection.execute("INSERT INTO aseq_sequence VALUES (?, ?)", (spec.name, last))
    statement = next(plans.next_values(spec, SQLITE, count))
    sql, args = SQLITE.render(statement, "qmark", TABLE)
    [[end]] = connection.execute(sql, args).fetchall()
    assert isinstance(end, int)
    return end


def test_every_looping_draw_is_what_counting_gives(connection: sqlite3.Connection) -> None:
    counted = 0
    for spec, last, count in cases():
        assert spec._cycle is not None
        drawn = spec._cycle.batch(draw(connection, spec, last, count), count)
        assert list(drawn) == one_by_one(spec, last, count), (spec, last, count)
        counted += 1
    assert counted > 39_000


def test_the_row_keeps_where_the_draw_ended(connection: sqlite3.Connection) -> None:
    args: tuple[Bind, ...] = ("default",)
    for last, count, end in ((None, 2, 2), (2, 1, 1), (2, 2, 2), (77, 1, 1), (-77, 2, 2)):
        assert draw(connection, SequenceSpec(reset_value=3), last, count) == end
        sql = "SELECT last, typeof(last) FROM aseq_sequence WHERE name = ?"
        assert connection.execute(sql, args).fetchall() == [(end, "integer")]
