"""What comes before the draw: the queues, the rows that are free, and what the others say."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar, cast

from aseq._core.scripts import NothingDrawn, PartlyDrawn
from aseq._core.waiting import Wait, Waiting
from aseq._sql import Query
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AseqError, NotIssuable

from ._answers import Answer, Held, Refused, Row, Told
from ._drafts import Draft, Found
from ._place import Place
from ._plans import (
    Plan,
    lock_keys,
    peek,
    prepare,
    queues,
    take_queues,
    try_queues,
)
from ._target import Target

T = TypeVar("T")

_ANY = Draft("", None, ())
"""A draft of a target without scopes, as far as its queue goes."""


class Known(Protocol):
    """What outlasts one group.

    Attributes:
        target: what gets numbers.
        place: what the catalogue said of it; None if nobody has asked.
    """

    target: Target
    place: Place | None


@dataclass
class Prepared:
    """A group, its rows locked.

    Attributes:
        place: the target.
        locked: the rows that get numbers now, in the order in which they were asked for.
        answers: what is known of each key that was asked for.
        waited: the seconds that it stood in queues, if the server tells.
    """

    place: Place
    locked: list[Draft] = field(default_factory=list)
    answers: dict[Hashable, Answer] = field(default_factory=dict)
    waited: float | None = None
    _keys: dict[object, list[Hashable]] = field(default_factory=dict)

    def add(self, draft: Draft, key: Hashable) -> None:
        """Note a row that was locked. Two keys (7 and "7") may mean the same one."""
        if draft.key not in self._keys:
            self.locked.append(draft)
        self._keys.setdefault(draft.key, []).append(key)

    def answer(self, draft: Draft, answer: Answer) -> None:
        """Note what became of a row that was locked."""
        for key in self._keys[draft.key]:
            self.answers[key] = answer

    def look(self, keys: Sequence[Hashable], found: Iterable[Found]) -> dict[Hashable, Draft]:
        """Note which rows have a number, and which aren't there; those that wait for one."""
        missing, drafts = dict.fromkeys(keys), dict[Hashable, Draft]()
        for asked, draft, number in found:
            key = keys[asked]
            missing.pop(key, None)
            if number is None:
                drafts[key] = draft
            else:
                self.answers[key] = Told(number)
        for key in missing:
            self.answers[key] = Refused(NotIssuable(key, str(self.place.target.table)))
        return drafts


def prepared(
    known: Known,
    info: ConnectionInfo,
    keys: Sequence[Hashable],
    wait: Waiting,
    lock_timeout: int,
) -> Plan[Prepared]:
    """Take the queues, and lock the rows that are free.

    Args:
        known: what outlasts this group.
        info: the connection.
        keys: of the rows, by arrival.
        wait: how long for the queues. If not at all, those are taken that are free.
        lock_timeout: milliseconds, for whatever the rows' UPDATE may have to wait for.
    """
    place = known.place
    if place is None or info.dialect.name == "sqlite":  # there, it takes the write lock
        place = known.place = yield from prepare(known.target, info, waiting=wait)
    group, queue_of = Prepared(place), _Queues(place)
    if known.target.scopes:
        keys, taken = yield from _enter(group, queue_of, keys, wait)
    else:
        taken = queues(place, [_ANY])
        group.waited = yield from take_queues(place, taken, wait)
    if keys:
        yield from _lock(group, queue_of, keys, taken, lock_timeout)
    return group


def _enter(
    group: Prepared, queue_of: _Queues, keys: Sequence[Hashable], wait: Waiting
) -> Plan[tuple[Sequence[Hashable], set[str]]]:
    """Take the queues that the rows' scopes have; the keys that go on, and the queues."""
    found = yield from peek(group.place, keys)
    wanted = dict[Hashable, str | None]()
    for key, draft in group.look(keys, found).items():
        try:
            wanted[key] = queue_of(draft)
        except NothingDrawn as exc:
            group.answers[key] = Refused(exc.args[0])
    names = {name for name in wanted.values() if name is not None}
    if wait.kind is Wait.NONE:
        taken = yield from try_queues(group.place, names)
    else:
        group.waited = yield from take_queues(group.place, names, wait)
        taken = names
    for key, name in wanted.items():
        if name is not None and name not in taken:
            group.answers[key] = Held(name)
    return [key for key in wanted if key not in group.answers], taken


def _lock(
    group: Prepared,
    queue_of: _Queues,
    keys: Sequence[Hashable],
    taken: set[str],
    lock_timeout: int,
) -> Plan[None]:
    plan = lock_keys(group.place, keys)
    if group.place.dialect.name == "postgresql":
        plan = _with_timeout(plan, lock_timeout)
    locked = yield from plan
    left = dict.fromkeys(keys)
    for found in sorted(locked, key=lambda found: found.asked):
        try:
            name = queue_of(found.draft)
        except NothingDrawn as exc:
            group.add(found.draft, keys[found.asked])
            group.answer(group.locked.pop(), Refused(exc.args[0]))
            name = None
        else:
            if name is not None and name not in taken:
                continue  # another's scope by now: once more
            group.add(found.draft, keys[found.asked])
        left.pop(keys[found.asked], None)  # several rows may have it: none of them is numbered
    if left:
        rest = list(left)
        found_now = yield from peek(group.place, rest)
        for key in group.look(rest, found_now):
            group.answers[key] = Row.LOCKED


# Its own is kept: it may be shorter.
_TIMEOUT = """\
SELECT w.*, CASE WHEN current_setting('lock_timeout') = '0'
    THEN set_config('lock_timeout', '{}', true) END
FROM ({}) AS w"""


def _with_timeout(plan: Plan[T], milliseconds: int) -> Plan[T]:
    """A plan of one query, which sets the transaction's lock timeout if it finds anything."""
    query = cast("Query", next(plan))
    rows = yield replace(query, text=_TIMEOUT.format(milliseconds, query.text))
    try:
        plan.send([row[:-1] for row in rows])
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("the plan has another query")


class _Queues:
    """The queue in which a draft's number is drawn; None if nobody queues."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known = dict[object, str | None]()

    def __call__(self, draft: Draft) -> str | None:
        if draft.scope not in self._known:
            self._known[draft.scope] = next(iter(queues(self._place, [draft])), None)
        return self._known[draft.scope]


def caught(plan: Plan[T]) -> Plan[T | AseqError]:
    """A plan that returns what it would raise.

    An error that is raised makes the transaction unusable if it may have lost a number (on
    some connections for good); here, whoever gets it rolls back to a savepoint.
    """
    try:
        return (yield from plan)
    except PartlyDrawn as exc:
        error: AseqError = exc.args[0]
        return error
    except NothingDrawn as exc:
        error = exc.args[0]
        return error
    except AseqError as exc:
        return exc
