"""What is said to each server: whole texts, compared with the files in ``sql/``.

``ASEQ_UPDATE_SQL=1`` writes the files anew. Read the difference before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from aseq._core.dialects import (
    DIALECTS,
    POSTGRESQL,
    SQLITE,
    Dialect,
    Draw,
    Move,
    TimedDraw,
)
from aseq._core.statement import Paramstyle, Script, Statement, Template
from aseq._core.table import TableName
from aseq._core.waiting import Wait

FOLDER = Path(__file__).with_name("sql")
TABLE = TableName("aseq_sequence")
PARAMSTYLES: dict[str, Paramstyle] = {
    "mariadb": "format",
    "mysql": "format",
    "postgresql": "numeric_dollar",
    "sqlite": "qmark",
}


WAYS: dict[object, str] = {Wait.NONE: "nowait", Wait.BOUNDED: "timeout"}


class Anything(dict[str, int | str]):
    """A value for each parameter."""

    def __missing__(self, key: str) -> str:
        return key


def named_texts(dialect: Dialect) -> Iterator[tuple[str, Template]]:
    """Every template of a dialect; the plainest name of a text comes first."""
    for queued, wait in product((True, False), (Wait.ANY, Wait.BOUNDED)):
        yield from _named(_name("delete", queued, wait), dialect.delete[Move(queued, wait)])
    for looping, starts in ((False, True), (True, True), (False, False)):
        for queued, wait in product((True, False), Wait):
            name = _name("draw", starts or "there", not looping or "looping", queued, wait)
            yield from _named(name, dialect.draw[Draw(looping, queued, wait, starts)])
    for queued, wait in product((True, False), Wait):
        script = dialect.timed_draw[TimedDraw(queued, wait)]
        yield from _named(_name("timed_draw", queued, wait), script)
    yield from _named("clock", dialect.clock)
    yield from _allocates(dialect)
    for queued, wait in product((True, False), (Wait.ANY, Wait.BOUNDED)):
        for upwards in (True, False):
            name = _name("advance", upwards or "down", queued, wait)
            yield from _named(name, dialect.advance[upwards, Move(queued, wait)])
    yield from _named("last_value", dialect.last_value)
    yield from _named("create", dialect.create)
    if dialect.holders:
        yield from _named("holders", dialect.holders)
    if dialect.exists:
        yield from _named("exists", dialect.exists)
    yield from _named("drop", dialect.drop)


def _allocates(dialect: Dialect) -> Iterator[tuple[str, Template]]:
    for kind, script in dialect.allocate.items():  # none, if each is drawn from by itself
        words = (not kind.looping or "looping", not kind.timed or "timed", True, kind.wait)
        yield from _named(_name("allocate", *words), script)


def _name(verb: str, *flags: str | bool | Wait) -> str:
    """A verb, and in which way, where that isn't the usual one."""
    *ways, queued, wait = flags
    words = [*ways, queued or "unqueued", wait is Wait.ANY or WAYS[wait]]
    return "_".join([verb, *(word for word in words if isinstance(word, str))])


def _named(name: str, script: Script) -> Iterator[tuple[str, Template]]:
    """The statements of a script: the last one has its name, those before a number, too."""
    *before, answers = script
    yield from ((f"{name}_{number}", template) for number, template in enumerate(before))
    yield name, answers


def whole_texts(dialect: Dialect) -> dict[str, str]:
    """Rendered texts by their names; of equal ones, the first."""
    texts: dict[str, str] = {}
    for name, template in named_texts(dialect):
        statement = Statement(template, TABLE, Anything())
        sql, _ = dialect.render(statement, PARAMSTYLES[dialect.name], TABLE, inside=True)
        if sql not in texts.values():
            texts[name] = sql
    return texts


SNAPSHOTS = [
    pytest.param(dialect.name, name, sql, id=f"{dialect.name}-{name}")
    for dialect in DIALECTS.values()
    for name, sql in whole_texts(dialect).items()
]


@pytest.mark.parametrize(("dialect", "name", "sql"), SNAPSHOTS)
def test_whole_text(dialect: str, name: str, sql: str) -> None:
    file = FOLDER / dialect / f"{name}.sql"
    if os.environ.get("ASEQ_UPDATE_SQL"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql + "\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == sql + "\n"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_file_belongs_to_a_text(dialect: Dialect) -> None:
    files = {path.stem for path in (FOLDER / dialect.name).iterdir()}

    assert files == set(whole_texts(dialect))


def test_sqlite_has_one_draw_and_one_advance_for_all_ways_of_waiting() -> None:
    assert sorted(whole_texts(SQLITE)) == [
        "advance",
        "advance_down",
        "allocate",
        "clock",
        "create",
        "delete",
        "draw",
        "draw_looping",
        "draw_there",
        "drop",
        "last_value",
        "timed_draw",
    ]
    for looping in (False, True):
        ways = product((looping,), (False, True), Wait)
        assert len({SQLITE.draw[Draw(*flags)] for flags in ways}) == 1


def test_postgresql_has_a_text_of_its_own_for_each() -> None:
    assert len(set(POSTGRESQL.draw.values())) == 18
    assert len(set(POSTGRESQL.timed_draw.values())) == 6
    assert len(set(POSTGRESQL.advance.values())) == 8
    assert len(set(POSTGRESQL.delete.values())) == 4


def test_what_queues_says_in_which_transaction() -> None:
    templates = {template for _, template in named_texts(POSTGRESQL)}
    assert sum(template.queues for template in templates) == 28
    for template in templates:
        assert template.text.count("txid_current()") == template.queues


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_draw_is_there(dialect: Dialect) -> None:
    ways = list(product((False, True), Wait))
    assert set(dialect.draw) == {
        Draw(looping, queued, wait, starts)
        for looping, starts in ((False, True), (True, True), (False, False))
        for queued, wait in ways
    }
    assert set(dialect.timed_draw) == {TimedDraw(*way) for way in ways}
    assert DIALECTS[dialect.name] is dialect
