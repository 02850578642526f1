"""Numbering rows, as plans: what to say, in which order, so that nothing is lost.

The order of locks is the point. A row is never waited for while a sequence is held: the
rows' own users ("edit a draft, then draw a number for it") would wait for the sequence with
the row in their hands. So the places in the queues are taken first, and then the rows that
are free (`SKIP LOCKED`); or the rows are waited for first, and then the queues. Counters
come last, for all rows at once, in the order that `allocate` has.

What to queue for is read off the rows before they are locked, so it is looked at again when
they are: a row counts only if its scope is among those that were queued for.

All of it is for one transaction. `look` comes first, and gives the `Place` that the others
want. On SQLite, though, `take_queues` comes first, which takes the write lock: see `prepare`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

from aseq._core.scripts import NothingDrawn, longest_wait
from aseq._core.statement import Row, Statement
from aseq._core.table import TableName
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting
from aseq._core.wants import LIMIT
from aseq._sequence import AsyncSequence
from aseq._sql import Binds, ByDialect, Query
from aseq.adapters.base import ConnectionInfo
from aseq.errors import InvalidSequence

from . import _place
from ._drafts import Draft, Found, Key, check_complete, drafts_of, loads, scope_of
from ._mariadb import MariaDB
from ._mysql import MySQL
from ._place import Place, adapted
from ._postgresql import PostgreSQL
from ._sqlite import SQLite
from ._target import Target
from ._texts import Search, Texts

T = TypeVar("T")

Plan: TypeAlias = Generator[Statement | Query, Sequence[Row], T]

TEXTS = ByDialect[Texts](
    {
        "mariadb": MariaDB(),
        "mysql": MySQL(),
        "postgresql": PostgreSQL(),
        "sqlite": SQLite(),
    },
    "rows that are there get numbers on PostgreSQL, MariaDB, MySQL and SQLite alone. Draw with "
    "next_value or next_values, and save each number with its row in the same transaction",
)

_TOO_MANY = (
    f"has more than {LIMIT:,} values among these rows, and one call stands in {LIMIT:,} queues "
    "at most: number fewer rows at a time with limit=, or those of some scopes with where="
)


def prepare(
    target: Target,
    info: ConnectionInfo,
    others: Sequence[str] = (),
    waiting: Waiting = AS_LONG_AS_IT_TAKES,
) -> Plan[Place]:
    """Take SQLite's write lock, and look the columns up: the first thing in a transaction.

    Args:
        target: what the caller named.
        info: the connection.
        others: names of other columns that must be there.
        waiting: how long to wait for SQLite's lock.

    Raises:
        NothingDrawn: a table or a column isn't there, or can't hold what it should.
    """
    texts = TEXTS[info.dialect.name]
    if info.dialect.name == "sqlite":
        what = adapted(target.what, info)
        yield _queue(texts, TableName.parse(what.table), ["-"], waiting)
    return (yield from _place.look(target, info, texts, others))


def take_queues(
    place: Place, names: Iterable[str], waiting: Waiting = AS_LONG_AS_IT_TAKES
) -> Plan[float | None]:
    """Take places in queues, in the order that everybody has; held until the end.

    Who has a place doesn't wait for it again, so what is drawn behind it doesn't wait.

    Returns:
        the seconds that it waited, if the server tells.

    Raises:
        NothingDrawn: there are too many.
    """
    wanted = sorted(set(names))
    if len(wanted) > LIMIT:
        raise NothingDrawn(InvalidSequence("scope", _TOO_MANY))
    texts = TEXTS[place.dialect.name]
    if not wanted or not texts.has_queues:
        return None
    entering = _queue(texts, place.counters, wanted, waiting)
    rows = yield entering
    return None if entering.waited is None else longest_wait(rows, entering.waited)


def try_queues(place: Place, names: Iterable[str]) -> Plan[set[str]]:
    """Take places in the queues in which nobody is; the names of these."""
    wanted = sorted(set(names))
    texts = TEXTS[place.dialect.name]
    if not texts.has_queues or not wanted:
        return set(wanted)
    rows = yield _queue(texts, place.counters, wanted, Waiting(Wait.NONE))
    return {wanted[_integer(row[0]) - 1] for row in rows}


def _queue(texts: Texts, table: TableName, names: Sequence[str], waiting: Waiting) -> Statement:
    wanted = json.dumps(names, ensure_ascii=False)
    binds: dict[str, int | str] = {"queues": wanted}
    if waiting.kind is Wait.BOUNDED:
        binds["timeout"] = waiting.milliseconds
    return Statement(
        texts.queue(waiting.kind), table, binds, waiting.seconds, queues_for=tuple(names)
    )


def queues(place: Place, drafts: Iterable[Draft]) -> set[str]:
    """The names of the queues that the counters of some drafts have; none if they don't queue.

    Raises:
        NothingDrawn: a scope can't have its value.
    """
    what = place.what
    if isinstance(what, AsyncSequence):
        return {what._queue} if what._queued else set()
    different = {draft.scope: draft for draft in drafts}
    counters = [what.counter(scope_of(place, each), None) for each in different.values()]
    return {counter._queue for counter in counters if counter._queued}


def peek(place: Place, keys: Sequence[object]) -> Plan[list[Found]]:
    """The rows with these keys, with or without a number. Takes no lock."""
    bind = Binds()
    text = TEXTS[place.dialect.name].peek(place, bind(_keys(place, keys)))
    rows = yield Query(text, tuple(bind.values), place.counters)
    numbers = loads(number for _, number, _ in rows)
    drafts = drafts_of(told for *_, told in rows)
    return [
        Found(_integer(asked), draft, number)
        for (asked, *_), draft, (number,) in zip(rows, drafts, numbers, strict=True)
    ]


def lock_keys(place: Place, keys: Sequence[object]) -> Plan[list[Found]]:
    """Lock those of these rows that have no number and that nobody else has locked."""
    bind = Binds()
    text = TEXTS[place.dialect.name].lock(place, bind(_keys(place, keys)))
    rows = yield Query(text, tuple(bind.values), place.counters)
    drafts = drafts_of(told for _, told in rows)
    return [Found(_integer(row[0]), draft) for row, draft in zip(rows, drafts, strict=True)]


def _integer(value: object) -> int:
    return int(cast("Any", value))


def _keys(place: Place, keys: Sequence[object]) -> str:
    return json.dumps(
        [{"p": i, "k": form} for i, key in enumerate(keys) for form in _forms(place, key)],
        ensure_ascii=False,
    )


def _forms(place: Place, key: object) -> Iterable[Key]:
    """How a column may hold a key: not each database has a type for a UUID."""
    column = place.columns[place.target.key]
    if isinstance(key, UUID) and place.dialect.name == "sqlite":
        return str(key), key.hex
    if isinstance(key, UUID) and column.type.startswith("char(32)"):
        return (key.hex,)
    if isinstance(key, bytes) and column.kind == "binary":
        return (key.hex(),)
    return (key if isinstance(key, int) else str(key),)


def survey(place: Place, search: Search, besides: Sequence[Draft]) -> Plan[list[Draft]]:
    """A draft for each scope among the rows that are searched. Takes no lock.

    Raises:
        NothingDrawn: one of the rows has no key, scope or moment.
    """
    bind = Binds()
    left_out = _scopes(besides) if besides else None
    text = TEXTS[place.dialect.name].survey(place, search, left_out, bind)
    rows = yield Query(text, tuple(bind.values), place.counters)
    drafts = drafts_of(told for (told,) in rows)
    for draft in drafts:
        check_complete(place, draft)
    return drafts


def lock_waiting(
    place: Place, search: Search, scopes: Sequence[Draft] | None
) -> Plan[tuple[list[Draft], int]]:
    """Lock rows without a number, in order; and how many were left out.

    Args:
        place: where.
        search: which rows.
        scopes: a draft for each scope that counts; None if all do.
    """
    bind = Binds()
    wanted = None if scopes is None else _scopes(scopes)
    text = TEXTS[place.dialect.name].search(place, search, wanted, bind)
    rows = yield Query(text, tuple(bind.values), place.counters)
    drafts = drafts_of(told for told, _ in rows if told is not None)
    if search.limit is None or len(drafts) < search.limit:
        again = Binds()
        asked = TEXTS[place.dialect.name].waiting(place, search, wanted, again)
        if asked is not None:
            [[count]] = yield Query(asked, tuple(again.values), place.counters)
            return drafts, max(0, _integer(count) - len(drafts))
    return drafts, _integer(rows[0][1]) if rows else 0


def _scopes(drafts: Iterable[Draft]) -> str:
    return json.dumps([draft.scope for draft in drafts], ensure_ascii=False)
