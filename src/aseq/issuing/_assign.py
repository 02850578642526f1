"""Giving locked rows their numbers: draw, write, and look at what the rows say now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from aseq._core.scripts import NothingDrawn
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting
from aseq._sql import Binds, Query
from aseq.errors import InvalidSequence, RowRefused
from aseq.numbering import DocumentNumber

from . import _ledgered
from ._drafts import Draft, Key, loads
from ._draw import draw, parts_of
from ._moments import write_moment
from ._place import Place
from ._plans import TEXTS, Plan


class Numbered(NamedTuple):
    """A row that got its number.

    Attributes:
        key: its key.
        value: what the column holds now: an int, a str, a Decimal.
        number: the number: an int of a sequence, a `DocumentNumber` of a numbering.
        is_new: whether it was drawn for the row; if not, the ledger had it.
    """

    key: Key
    value: object
    number: int | DocumentNumber
    is_new: bool = True


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
    parts = parts_of(place, drafts)
    had = yield from _ledgered.look(place, parts)
    new = _ledgered.without(parts, had) if had else parts
    drawn = (yield from draw(place, new, waiting)) if new else {}
    numbers = {**had, **drawn}
    held = yield from _save(place, drafts, numbers, briefly=waiting.kind is not Wait.ANY)
    yield from _ledgered.write(place, new, drawn)
    keys = [draft.key for draft in drafts]
    return [Numbered(key, held[key], numbers[key], key in drawn) for key in keys]


def count_new(numbered: Sequence[Numbered]) -> int:
    """How many numbers were drawn."""
    return sum(each.is_new for each in numbered)


def _check_keys(place: Place, drafts: Sequence[Draft]) -> None:
    name = place.target.key
    problem = None
    if any(isinstance(draft.key, list | dict) for draft in drafts):
        problem = f"is {name}, of type {place.columns[name].type}, which can't tell rows apart"
    elif len({draft.key for draft in drafts}) < len(drafts):
        problem = f"is {name}, which several rows have in common"
    if problem is not None:
        raise NothingDrawn(InvalidSequence("key", problem))


def _checked(
    place: Place, rows: Sequence[Sequence[Any]], sent: Mapping[Key, int | str]
) -> dict[Key, object]:
    """What the rows hold, if each has what was sent.

    Args:
        place: where they are.
        rows: key and number, of each row that was written.
        sent: the number of each key.

    Raises:
        RowRefused: one hasn't.
    """
    held: dict[Key, object] = dict(rows)  # type: ignore[arg-type]  # pairs
    right = (key in held and _is_same(held[key], number) for key, number in sent.items())
    wrong = next((key for key, is_right in zip(sent, right, strict=True) if not is_right), None)
    if wrong is None and len(rows) > len(sent):
        [(wrong, _)] = Counter(key for key, _ in rows).most_common(1)
    if wrong is not None:
        values = [number for key, number in rows if key == wrong]
        table = str(place.target.table)
        raise RowRefused(table, wrong, sent.get(wrong, values[:1]), _told(values))
    return held


def _told(values: Sequence[object]) -> str:
    if not values:
        return "it wasn't changed"
    if len(values) > 1:
        return f"{len(values)} rows with this key were changed"
    return f"now it holds {values[0]!r}"


def _is_same(held: object, sent: int | str) -> bool:
    """Whether a column holds what was sent: an integer may be a text or a decimal there."""
    if isinstance(sent, str):
        return str(held) == sent
    try:
        return held == sent or Decimal(str(held)) == sent
    except InvalidOperation:
        return False


def _save(
    place: Place,
    drafts: Sequence[Draft],
    numbers: Mapping[Key, int | DocumentNumber],
    *,
    briefly: bool,
) -> Plan[dict[Key, object]]:
    sent = {draft.key: _sent(numbers[draft.key]) for draft in drafts}
    bind = Binds()
    listed = [_row(place, numbers[key], key) for key in sent]
    rows = json.dumps(listed, ensure_ascii=False, default=str)  # a numeric key
    texts = TEXTS[place.dialect.name]
    text = texts.save(place, bind(rows), briefly=briefly)
    written = yield Query(text, tuple(bind.values), place.counters)
    again = Binds()
    asked = texts.saved(place, again(rows))
    if asked is not None:
        written = yield Query(asked, tuple(again.values), place.counters)
    return _checked(place, loads(told for (told,) in written), sent)


def _sent(number: int | DocumentNumber) -> int | str:
    return number if isinstance(number, int) else number.text


def _row(place: Place, number: int | DocumentNumber, key: Key) -> dict[str, Any]:
    row: dict[str, Any] = {"k": key, "n": _sent(number)}
    name = place.target.at_column
    if name is not None and isinstance(number, DocumentNumber):
        row["a"] = write_moment(number, place.kind(name), place.columns[name].type)
    return row
