"""A ledger beside rows: what it has for their keys, and what is written into it.

It stands above; `Book` is what rows see of it. A row's key in the ledger begins with its table,
so that row 7 of one table isn't row 7 of another that draws from the same series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from aseq._core.scripts import NothingDrawn
from aseq._sequence import AsyncSequence
from aseq.adapters.base import ConnectionInfo
from aseq.errors import InvalidRow
from aseq.numbering import DocumentNumber
from aseq.numbering._clock import from_microseconds, microseconds

from ._book import LONGEST_KEY, Had, Line, Page
from ._drafts import Key
from ._draw import Part
from ._place import Place
from ._plans import Plan
from ._target import Target

_TOO_LONG = f"its key is longer than the {LONGEST_KEY} characters that a ledger has for it"
_VOID = (
    "the ledger has the number {!r} for it, which is void. A document that takes its place is "
    "a row of its own"
)


class _Row(NamedTuple):
    """A row as the ledger knows it."""

    key: Key
    part: Part


def look(place: Place, parts: Sequence[Part]) -> Plan[dict[Key, int | DocumentNumber]]:
    """The numbers that the ledger has for rows already, by the keys of the rows.

    Args:
        place: where they are.
        parts: the rows by their counters.

    Raises:
        NothingDrawn: one of them is void, or its key is too long.
    """
    book, page = place.target.ledger, _page(place)
    if book is None or page is None:
        return {}
    rows = {
        (_series(place, part), _key(place, key)): _Row(key, part)
        for part in parts
        for key, _ in part.rows
    }
    found = yield from book.look(page, rows)
    return {rows[had.series, had.key].key: _number(place, rows, had) for had in found}


def without(parts: Iterable[Part], keys: Mapping[Key, object]) -> list[Part]:
    """The rows except for those with some keys."""
    left = [
        part._replace(rows=[row for row in part.rows if row[0] not in keys]) for part in parts
    ]
    return [part for part in left if part.rows]


def write(
    place: Place, parts: Iterable[Part], numbers: Mapping[Key, int | DocumentNumber]
) -> Plan[None]:
    """Write the numbers that rows have got."""
    book, page = place.target.ledger, _page(place)
    if book is None or page is None:
        return
    lines = [_line(place, part, key, numbers[key]) for part in parts for key, _ in part.rows]
    if lines:
        yield from book.write(page, lines)


@contextmanager
def explained(target: Target, name: str, info: ConnectionInfo) -> Iterator[None]:
    """Raises our error where a driver's is about the ledger.

    Args:
        target: what gets numbers.
        name: of the sequence.
        info: the connection.
    """
    try:
        yield
    except info.driver_errors as exc:
        if target.ledger is None:
            raise
        ours = target.ledger.explained(exc, name, info)
        if ours is None:
            raise
        raise ours from exc


def _page(place: Place) -> Page | None:
    where = place.ledger
    return None if where is None else Page(where, place.counters, place.dialect)


def _series(place: Place, part: Part) -> str:
    is_sequence = isinstance(place.what, AsyncSequence)
    return part.counter.name if is_sequence else part.counter._queue


def _key(place: Place, key: Key) -> str:
    told = str(key)
    if place.dialect.name == "sqlite" and isinstance(key, str) and _is_number(key):
        told = f'"{key}"'  # one column may have 7 and "7"
    found = f"{place.target.table}/{told}"
    if len(found) > LONGEST_KEY:
        raise _refused(place, key, _TOO_LONG)
    return found


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()


def _number(
    place: Place, rows: Mapping[tuple[str, str], _Row], had: Had
) -> int | DocumentNumber:
    key, part = rows[had.series, had.key]
    if had.is_void:
        raise _refused(place, key, _VOID.format(had.text))
    if isinstance(place.what, AsyncSequence):
        return had.number
    at = from_microseconds(had.at)
    period = place.what.span(at).period
    # As it was printed then.
    return replace(place.what.document(had.number, at, part.scope, period), text=had.text)


def _refused(place: Place, key: Key, problem: str) -> NothingDrawn:
    return NothingDrawn(InvalidRow(str(place.target.table), key, problem))


def _line(place: Place, part: Part, key: Key, number: Any) -> Line:
    series, told = _series(place, part), _key(place, key)
    if isinstance(number, DocumentNumber):
        name, at = number.sequence.name, microseconds(number.at)
        return Line(series, name, number.number, number.text, told, at)
    return Line(series, part.counter.name, number, str(number), told, None)
