"""Numbers for rows: which counter gives each of them, and drawing from all of these at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple, cast

from aseq._core import plans
from aseq._core.allocation import Allocation
from aseq._core.scripts import NothingDrawn, integer
from aseq._core.statement import Bind, Statement
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting
from aseq._sequence import AsyncSequence
from aseq.errors import InvalidSequence
from aseq.numbering import DocumentNumber
from aseq.numbering._spec import NumberingSpec

from ._drafts import Draft, Key, check_complete, invalid, scope_of
from ._moments import read_moment
from ._place import Place
from ._plans import TEXTS, Plan

Scope = tuple[tuple[str, str], ...]


class Part(NamedTuple):
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


def parts_of(place: Place, drafts: Iterable[Draft]) -> list[Part]:
    """The rows by their counters, in the order in which all take their locks."""
    finder = _Finder(place)
    parts: dict[str, Part] = {}
    for draft in drafts:
        counter, scope, period, at = finder.find(draft)
        part = parts.get(counter.name)
        if part is None:
            part = parts[counter.name] = Part(counter, scope, period, [])
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


def draw(
    place: Place, parts: Sequence[Part], waiting: Waiting
) -> Plan[Mapping[Key, int | DocumentNumber]]:
    """The numbers of the rows, by their keys."""
    if waiting.kind is Wait.BOUNDED:
        waiting = yield from _hold(place, parts, waiting)
    what = place.what
    numbers: dict[Key, int | DocumentNumber] = {}
    if isinstance(what, NumberingSpec) and place.target.at_from is None:
        bound = {_bound(what, part.scope): part for part in parts}
        wanted = {numbering: len(part.rows) for numbering, part in bound.items()}
        documents = yield from _draw_all(place, wanted, waiting)
        for numbering, part in bound.items():
            numbers |= zip((key for key, _ in part.rows), documents[numbering], strict=True)
        return numbers
    values = yield from _draw_all(place, {p.counter: len(p.rows) for p in parts}, waiting)
    for part in parts:
        drawn: Sequence[int | DocumentNumber] = values[part.counter]
        if isinstance(what, NumberingSpec):
            drawn = _documents(what, part, values[part.counter])
        numbers |= zip((key for key, _ in part.rows), drawn, strict=True)
    return numbers


def _hold(place: Place, parts: Iterable[Part], waiting: Waiting) -> Plan[Waiting]:
    """Wait for the counters where a draw can't be told how long; how long it may wait then."""
    template = TEXTS[place.dialect.name].hold()
    if template is None:
        return waiting
    for part in parts:
        binds: dict[str, Bind] = {
            "name": part.counter.name,
            "timeout": waiting.milliseconds,
        }
        rows = yield Statement(template, place.counters, binds)
        if rows:
            waiting = waiting.after(cast("int", integer(rows[0][0])))
    return AS_LONG_AS_IT_TAKES


def _documents(
    numbering: NumberingSpec, part: Part, values: Sequence[int]
) -> Sequence[DocumentNumber]:
    """The numbers of one counter's rows, each with the moment of its row."""
    documents: list[DocumentNumber] = []
    numbers = iter(values)
    for at, rows in groupby(at for _, at in part.rows):
        assert at is not None  # noqa: S101  # they were read off the rows
        some = list(islice(numbers, sum(1 for _ in rows)))
        documents += numbering.documents(some, at, part.scope, part.period)
    return documents


def _bound(numbering: NumberingSpec, scope: Scope) -> NumberingSpec:
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
