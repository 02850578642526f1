"""Who holds a sequence: what is asked, and how the answer is read."""

from __future__ import annotations

import json

import pytest

from aseq import HoldersUnknown
from aseq._core.dialects import MYSQL, POSTGRESQL, SQLITE
from aseq._core.holders import Seen, holders
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Row
from tests.core.playing import play

A, B = SequenceSpec("a"), SequenceSpec("b", fair=False)
ELSEWHERE = SequenceSpec("c", table="shop.numbers", queue="q")
NOTHING: list[Row] = []


def test_each_table_is_asked_about_its_own_sequences() -> None:
    holding = [("2", "11", "1", "0", "1", "", "app", "active", 5, 6, 7, "8")]
    waiting = [(1, None, 0, 1, 0, None, None, None, None, None, None, 9)]
    said, seen = play(
        holders([ELSEWHERE, A, B, A], POSTGRESQL), NOTHING, waiting, NOTHING, holding
    )

    assert [str(each.table) for each in said] == ["shop.numbers"] * 2 + ["aseq_sequence"] * 2
    assert json.loads(str(said[1].binds["wanted"])) == [
        {"place": 1, "called": "c", "queue": "q"}
    ]
    assert json.loads(str(said[3].binds["wanted"])) == [
        {"place": 1, "called": "a", "queue": "a"},
        {"place": 2, "called": "b", "queue": None},
    ]
    assert seen == [
        Seen("c", False, True, False, None, None, None, "prepared", None, None, None, 9),
        Seen("b", True, False, True, 11, None, "app", "active", 5, 6, 7, 8),
    ]


def test_a_database_that_does_not_tell() -> None:
    with pytest.raises(HoldersUnknown) as caught:
        play(holders([A], SQLITE))

    assert str(caught.value) == (
        "sqlite doesn't tell who holds a sequence. One connection writes at a time: look for a "
        "transaction that isn't ended, in all processes that have the file open"
    )


def test_an_account_that_may_not_see_the_locks() -> None:
    with pytest.raises(HoldersUnknown, match="mysql"):
        play(holders([A], MYSQL), [(None,)])
