"""Giving locked rows their numbers: draw, write, and look at what the rows say now."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from aseq._core import plans
from aseq._core.allocation import Allocation
from aseq._core.scripts import NothingDrawn
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Waiting
from aseq._sequence import AsyncSequence
from aseq._sql import Binds, Query
from aseq.errors import InvalidSequence, RowRefused
from aseq.numbering import DocumentNumber, Numbering

from ._moments import read_moment, write_moment
from ._place import Place
from ._plans import TEXTS, Draft, Key, Plan, check_complete, invalid, loads, scope_of

Scope = tuple[tuple[str, str], ...]


class Numbered(NamedTuple):
    """A row that got its number.

    Attributes:
        key: its key.
        value: what the column holds now: an int, a str, a Decimal.
        number: the number: an int of a sequence, a `DocumentNumber` of a numbering.
    """

    key: Key
    value: object
    number: int | DocumentNumber


class _Part(NamedTuple):
    """The rows that one counter gives numbers to, in order.

    Attributes:
        counter: the sequence.
        scope: all scopes of the numbers.
        period: of the numbers, unless the database's clock decides.
        rows: the keys, each with its moment, unless the database's clock decides.
    """

    counter: AsyncSequence
    scope: Scope
    period: str | None
    rows: list[tuple[Key, dt.datetime | None]]


class _Counted(NamedTuple):
    """Which counter a draft belongs to, and the moment of its number."""

    counter: AsyncSequence
    scope: Scope = ()
    period: str | None = None
    at: dt.datetime | None = None


def assign(
    place: Place, drafts: Sequence[Draft], waiting: Waiting = AS_LONG_AS_IT_TAKES
) -> Plan[list[Numbered]]:
    """Number rows that this transaction has locked, in the order of the list.

    Args:
        place: where they are.
        drafts: the rows, each once.
        waiting: how long to wait for the counters, all together.

    Returns:
        the rows, in the same order.

    Raises:
        NothingDrawn: one of them can't get a number.
        RowRefused: one of them hasn't the number that was written.
        AseqError: any of those of a draw.
    """
    if not drafts:
        return []
    _check_keys(place, drafts)
    parts = _parts(place, drafts)
    numbers = yield from _draw(place, parts, waiting)
    return (yield from _save(place, drafts, numbers))


def _check_keys(place: Place, drafts: Sequence[Draft]) -> None:
    if len({draft.key for draft in drafts}) < len(drafts):
        raise NothingDrawn(
            InvalidSequence("key", f"is {place.target.key}, which several rows have in common")
        )


def _parts(place: Place, drafts: Iterable[Draft]) -> list[_Part]:
    """The rows by their counters, in the order in which all take their locks."""
    finder = _Finder(place)
    parts: dict[str, _Part] = {}
    for draft in drafts:
        counter, scope, period, at = finder.find(draft)
        part = parts.get(counter.name)
        if part is None:
            part = parts[counter.name] = _Part(counter, scope, period, [])
        part.rows.append((draft.key, at))
    return sorted(parts.values(), key=lambda part: (part.counter._queue, part.counter.name))


class _Finder:
    """Finds the counter for a draft; those that are alike are looked up once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[object, _Counted] = {}

    def find(self, draft: Draft) -> _Counted:
        """Its counter, and what goes with it.

        Raises:
            NothingDrawn: it can't get a number.
        """
        alike = draft.at, draft.scope
        found = self._known.get(alike)
        if found is None or draft.key is None:
            found = self._known[alike] = self._look(draft)
        return found

    def _look(self, draft: Draft) -> _Counted:
        check_complete(self._place, draft)
        what, column = self._place.what, self._place.target.at_from
        if isinstance(what, AsyncSequence):
            return _Counted(what)
        scope = scope_of(self._place, draft)
        try:
            if column is None:
                return _Counted(what.counter(scope, None), scope)
            at = read_moment(draft.at, what)
            period = what.span(at).period
            return _Counted(what.counter(scope, period), scope, period, at)
        except InvalidSequence as exc:
            raise invalid(self._place, draft, f"its {column} {exc.problem}") from None


def _draw(
    place: Place, parts: Sequence[_Part], waiting: Waiting
) -> Plan[Mapping[Key, int | DocumentNumber]]:
    """The numbers of the rows, by their keys."""
    what = place.what
    numbers: dict[Key, int | DocumentNumber] = {}
    if isinstance(what, Numbering) and place.target.at_from is None:
        bound = {_bound(what, part.scope): part for part in parts}
        wanted = {numbering: len(part.rows) for numbering, part in bound.items()}
        documents = yield from _draw_all(place, wanted, waiting)
        for numbering, part in bound.items():
            numbers |= zip((key for key, _ in part.rows), documents[numbering], strict=True)
        return numbers
    values = yield from _draw_all(place, {p.counter: len(p.rows) for p in parts}, waiting)
    for part in parts:
        for (key, at), value in zip(part.rows, values[part.counter], strict=True):
            numbers[key] = (
                value
                if at is None or isinstance(what, AsyncSequence)
                else what.document(value, at, part.scope, part.period)
            )
    return numbers


def _bound(numbering: Numbering, scope: Scope) -> Numbering:
    return numbering.bind(**{name: v for name, v in scope if name not in numbering.bound})


def _draw_all(
    place: Place, wanted: Mapping[Any, int], waiting: Waiting
) -> Plan[Mapping[Any, Sequence[Any]]]:
    """Draw from all of some sequences or bound numberings at once."""
    [(one, count), *others] = wanted.items()
    if isinstance(one, AsyncSequence) and not others:
        try:
            one._check_count(count)
        except InvalidSequence as exc:
            raise NothingDrawn(exc) from None
        values = yield from plans.next_values(one, place.dialect, count, waiting)
        return {one: values}
    return (yield from _from_the_start(wanted, place, waiting))


def _from_the_start(
    wanted: Mapping[Any, int], place: Place, waiting: Waiting
) -> Plan[Mapping[Any, Sequence[Any]]]:
    """An allocation, whose refusal before anything is said changes nothing.

    Later it might: there, what refuses may come from the user's own code, after the draw.
    """
    try:
        plan = Allocation(wanted).plan(place.dialect, waiting)
        statement = next(plan)
    except InvalidSequence as exc:
        raise NothingDrawn(exc) from None
    while True:
        rows = yield statement
        try:
            statement = plan.send(rows)
        except StopIteration as stop:
            drawn: Mapping[Any, Sequence[Any]] = stop.value
            return drawn


@dataclass(frozen=True, slots=True)
class _Saved:
    """What rows say after they were written.

    Args:
        place: where they are.
        rows: key and number, of each row that was written.
    """

    place: Place
    rows: Sequence[tuple[Key, object]]

    def check(self, sent: Mapping[Key, int | str]) -> dict[Key, object]:
        """What the rows hold, if each has what was sent.

        Raises:
            RowRefused: one hasn't.
        """
        held = defaultdict[Key, list[object]](list)
        for key, number in self.rows:
            held[key].append(number)
        for key, number in sent.items():
            values = held.get(key, [])
            if len(values) != 1 or not _is_same(values[0], number):
                raise RowRefused(str(self.place.target.table), key, number, _told(values))
        for key in held.keys() - sent.keys():
            problem = "it wasn't one of the rows to be numbered"
            raise RowRefused(str(self.place.target.table), key, held[key][0], problem)
        return {key: values[0] for key, values in held.items()}


def _told(values: Sequence[object]) -> str:
    if not values:
        return "it wasn't changed"
    if len(values) > 1:
        return f"{len(values)} rows with this key were changed"
    return f"now it holds {values[0]!r}"


def _is_same(held: object, sent: int | str) -> bool:
    """Whether a column holds what was sent: an integer may be a text or a decimal there."""
    if held == sent or isinstance(sent, str):
        return str(held) == sent if isinstance(sent, str) else True
    try:
        return Decimal(str(held)) == sent
    except InvalidOperation:
        return False


def _save(
    place: Place, drafts: Sequence[Draft], numbers: Mapping[Key, int | DocumentNumber]
) -> Plan[list[Numbered]]:
    sent = {draft.key: _sent(numbers[draft.key]) for draft in drafts}
    bind = Binds()
    rows = json.dumps([_row(place, numbers[key], key) for key in sent], ensure_ascii=False)
    text = TEXTS[place.dialect.name].save(place, bind(rows))
    written = yield Query(text, tuple(bind.values), place.counters)
    held = _Saved(place, [tuple(loads(told)) for (told,) in written]).check(sent)
    return [Numbered(each.key, held[each.key], numbers[each.key]) for each in drafts]


def _sent(number: int | DocumentNumber) -> int | str:
    return number if isinstance(number, int) else number.text


def _row(place: Place, number: int | DocumentNumber, key: Key) -> dict[str, Any]:
    row: dict[str, Any] = {"k": key, "n": _sent(number)}
    name = place.target.at_column
    if name is not None and isinstance(number, DocumentNumber):
        row["a"] = write_moment(number, place.kind(name), place.columns[name].type)
    return row
