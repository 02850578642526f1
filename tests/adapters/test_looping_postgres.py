"""The real looping texts on PostgreSQL: every value against counting one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import psycopg
import pytest
from psycopg.sql import SQL

from aseq._core import plans
from aseq._core.dialects import POSTGRESQL, Draw
from aseq._core.spec import SequenceSpec
from aseq._core.table import TableName
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, NOT_AT_ALL, Wait, Waiting
from tests.core.looping import cases, one_by_one

TABLE = TableName.parse("looping_cases")
LOOPING = [draw for draw in POSTGRESQL.draw if draw.looping]

# The texts have the same CASE: the one that everybody uses takes every case, the others some.
STRIDES = {draw: 1 if draw == Draw(looping=True, queued=True) else 29 for draw in LOOPING}

WAITS = {
    wait.kind: wait for wait in (AS_LONG_AS_IT_TAKES, NOT_AT_ALL, Waiting(Wait.BOUNDED, 9))
}


@pytest.fixture
def connection(postgres: str) -> Iterator[psycopg.Connection]:
    """A transaction with a table of its own, which is never committed."""
    with psycopg.connect(postgres) as connection:
        connection.execute(SQL(POSTGRESQL.ddl(TABLE)))
        yield connection
        connection.rollback()


def draw_all(
    connection: psycopg.Connection,
    spec: SequenceSpec,
    wanted: Sequence[tuple[int | None, int]],
    waiting: Waiting,
) -> list[int]:
    """Draw once for each (last value, count), each under a name of its own."""
    named = [(f"{i}", last) for i, (last, _) in enumerate(wanted) if last is not None]
    sqls, args = set[str](), []
    for i, (_, count) in enumerate(wanted):
        statement = next(plans.next_values(spec, POSTGRESQL, count, waiting))
        sql, values = POSTGRESQL.render(statement, "format", TABLE)
        sqls.add(sql)
        args.append([f"{i}" if value == spec.name else value for value in values])
    [sql] = sqls
    # Rolling back to the savepoint frees the rows, and the places in the queues.
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        cursor.executemany("INSERT INTO looping_cases VALUES (%s, %s)", named)
        cursor.executemany(SQL(sql), args, returning=True)
        ends = [cursor.fetchall()[0][0]]
        while cursor.nextset():
            ends.append(cursor.fetchall()[0][0])
    return ends


@pytest.mark.parametrize("kind", LOOPING, ids=str)
def test_every_looping_draw_is_what_counting_gives(
    connection: psycopg.Connection, kind: Draw
) -> None:
    counted = 0
    picked = [case for i, case in enumerate(cases()) if i % STRIDES[kind] == 0]
    for like, group in groupby(picked, key=lambda case: case[0]):
        spec = SequenceSpec(
            "a", like.initial_value, like.reset_value, step=like.step, fair=kind.queued
        )
        wanted = [(last, count) for _, last, count in group]
        ends = draw_all(connection, spec, wanted, WAITS[kind.wait])
        assert spec._cycle is not None
        for (last, count), end in zip(wanted, ends, strict=True):
            drawn = spec._cycle.batch(end, count)
            assert list(drawn) == one_by_one(spec, last, count), (spec, last, count)
            counted += 1
    assert counted == len(picked) > 1_000
