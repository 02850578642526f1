"""Who waits: by arrival, one entry for each key. Without a task, a clock or a database."""

from __future__ import annotations

import random
from typing import Any

from aseq.issuing._line import Entry, Line


class Caller:
    """One that waits, until he goes."""

    entry: Entry[Any]

    def __init__(self, name: object = "") -> None:
        self.name, self.left = name, False

    def gone(self) -> bool:
        return self.left


def line(*keys: object) -> Line[Caller]:
    line = Line[Caller]("nobody has looked yet")
    for key in keys:
        line.enter(key, Caller(key))
    return line


def keys(entries: list[Entry[Caller]]) -> list[object]:
    return [entry.key for entry in entries]


def test_by_arrival_up_to_a_limit() -> None:
    waiting = line(3, 1, 2)

    assert keys(waiting.take(2, 0)) == [3, 1]
    assert keys(waiting.take(2, 0)) == [2]
    assert not waiting
    assert waiting.take(2, 0) == []


def test_one_entry_for_each_key() -> None:
    waiting = line(1, 2, 1)

    first, _ = waiting.take(9, 0)

    assert [caller.name for caller in first.waiters] == [1, 1]
    assert all(caller.entry is first for caller in first.waiters)
    assert first.why == "nobody has looked yet"


def test_those_that_nobody_wants_are_forgotten() -> None:
    waiting = line(1)
    gone, there = Caller(), Caller()
    waiting.enter(2, gone)
    waiting.enter(3, gone)
    waiting.enter(3, there)
    gone.left = True

    assert keys(waiting.take(9, 0)) == [1, 3]


def test_nobody_joins_an_entry_that_was_taken() -> None:
    waiting = line(1)
    [taken] = waiting.take(9, 0)
    waiting.enter(1, Caller())

    [another] = waiting.take(9, 0)

    assert another is not taken


def test_put_back_in_front_and_merged_with_who_came_since() -> None:
    waiting = line(1, 2, 3)
    taken = waiting.take(2, 0)
    taken[1].why = "locked"
    late = Caller("late")
    waiting.enter(2, late)
    waiting.put_back(taken)

    again = waiting.take(9, 0)

    assert keys(again) == [1, 2, 3]
    assert again[1] is taken[1]
    assert [caller.name for caller in again[1].waiters] == [2, "late"]
    assert late.entry is taken[1]


def test_who_rests_is_out_of_the_way_until_its_moment() -> None:
    waiting = line(1, 2)
    one, two = waiting.take(9, 0)
    waiting.rest(one, until=7)
    waiting.rest(two, until=5)
    waiting.enter(3, Caller())

    assert waiting
    assert waiting.next_due() == 5
    assert keys(waiting.take(9, 4.9)) == [3]
    assert keys(waiting.take(9, 5)) == [2]
    assert keys(waiting.take(9, 8)) == [1]
    assert waiting.next_due() is None
    assert (one.rests, two.rests) == (1, 1)


def test_a_key_that_rests_may_be_asked_for_meanwhile() -> None:
    waiting = line(1)
    [one] = waiting.take(9, 0)
    waiting.rest(one, until=5)
    waiting.enter(1, Caller("since"))
    [since] = waiting.take(9, 0)
    waiting.rest(since, until=4)

    [merged] = waiting.take(9, 6)

    assert sorted(str(caller.name) for caller in merged.waiters) == ["1", "since"]
    assert all(caller.entry is merged for caller in merged.waiters)


def test_what_breaks_connections_is_taken_alone() -> None:
    waiting = line(1, 2, 3)
    one, two, three = waiting.take(9, 0)
    two.alone = True
    waiting.put_back([one, two, three])

    assert [keys(waiting.take(9, 0)) for _ in range(4)] == [[1], [2], [3], []]


def test_all_histories() -> None:
    """Whatever happens, each caller is in one entry, and is taken sooner or later."""
    for seed in range(300):
        chance, now = random.Random(seed), 0.0
        waiting, callers = line(), list[Caller]()
        hands = list[Entry[Caller]]()
        for _ in range(60):
            what = chance.choice(["enter", "enter", "take", "back", "rest", "go", "time"])
            if what == "enter":
                callers.append(Caller())
                waiting.enter(chance.randrange(5), callers[-1])
            elif what == "take":
                hands += waiting.take(chance.randrange(1, 4), now)
            elif what == "back" and hands:
                # Those in other hands may have the same keys.
                waiting.put_back([hands.pop(chance.randrange(len(hands)))])
            elif what == "rest" and hands:
                hands[-1].alone = chance.random() < 0.3
                waiting.rest(hands.pop(), now + chance.random())
            elif what == "go" and callers:
                chance.choice(callers).left = True
            else:
                now += chance.random() / 2
        while waiting:
            now += 1
            hands += waiting.take(2, now)
        found = [caller for entry in hands for caller in entry.waiters]
        assert len(found) == len(set(map(id, found))), seed
        assert {id(c) for c in callers if not c.left} <= set(map(id, found)), seed
        assert all(caller in caller.entry.waiters for caller in found), seed
