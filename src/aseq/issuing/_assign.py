"""Giving locked rows their numbers: draw, write, and look at what the rows say now."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from aseq._core.scripts import NothingDrawn
from aseq._core.waiting import AS_LONG_AS_IT_TAKES, Waiting
from aseq._sql import Binds, Query
from aseq.errors import InvalidSequence, RowRefused
from aseq.numbering import DocumentNumber

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
    """

    key: Key
    value: object
    number: int | DocumentNumber


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
    numbers = yield from draw(place, parts_of(place, drafts), waiting)
    return (yield from _save(place, drafts, numbers))


def _check_keys(place: Place, drafts: Sequence[Draft]) -> None:
    if len({draft.key for draft in drafts}) < len(drafts):
        raise NothingDrawn(
            InvalidSequence("key", f"is {place.target.key}, which several rows have in common")
        )


@dataclass(frozen=True, slots=True)
class _Saved:
    """What rows say after they were written.

    Args:
        place: where they are.
        rows: key and number, of each row that was written.
    """

    place: Place
    rows: Sequence[Sequence[Any]]

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
    held = _Saved(place, loads(told for (told,) in written)).check(sent)
    return [Numbered(each.key, held[each.key], numbers[each.key]) for each in drafts]


def _sent(number: int | DocumentNumber) -> int | str:
    return number if isinstance(number, int) else number.text


def _row(place: Place, number: int | DocumentNumber, key: Key) -> dict[str, Any]:
    row: dict[str, Any] = {"k": key, "n": _sent(number)}
    name = place.target.at_column
    if name is not None and isinstance(number, DocumentNumber):
        row["a"] = write_moment(number, place.kind(name), place.columns[name].type)
    return row
