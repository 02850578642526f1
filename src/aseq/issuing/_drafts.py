"""Rows that wait for a number, as the database told them, and what they need for one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from aseq._core.scripts import NothingDrawn
from aseq._sequence import AsyncSequence
from aseq.errors import InvalidRow, InvalidSequence

from ._place import Place

Key: TypeAlias = int | str | Decimal
"""As JSON has it: a uuid is a text."""


class Draft(NamedTuple):
    """A row without a number.

    Attributes:
        key: its key, as the database tells it.
        at: what the column with the moment holds; None if there is none.
        scope: what the columns with the scopes hold, as texts.
    """

    key: Key
    at: object
    scope: tuple[str | None, ...]


class Found(NamedTuple):
    """A row that was asked for by its key.

    Attributes:
        asked: the key's place among those that were asked for. Two of them may mean one row.
        draft: the row.
        number: what it holds as its number: an int, a str, a Decimal; None if it has none.
    """

    asked: int
    draft: Draft
    number: object = None


def drafts_of(told: Iterable[object]) -> list[Draft]:
    """The drafts that JSON lists tell of."""
    return [Draft(key, at, tuple(scope)) for key, at, *scope in loads(told)]


_DECODER = json.JSONDecoder(parse_float=Decimal)


def loads(told: Iterable[object]) -> list[Any]:
    """What a database told, row by row, in JSON."""
    found: list[Any] = _DECODER.decode(f"[{','.join(map(str, told))}]")
    return found


def scope_of(place: Place, draft: Draft) -> tuple[tuple[str, str], ...]:
    """All scopes of a draft's number, with their values.

    Raises:
        NothingDrawn: one is NULL, or can't have its value.
    """
    what = place.what
    if isinstance(what, AsyncSequence):
        return ()
    given = {}
    for (name, column), value in zip(place.target.scopes, draft.scope, strict=True):
        if value is None:
            raise invalid(place, draft, f"its {column} is NULL, so it has no {name}")
        given[name] = value
    try:
        scope = what.scope_of(given)
        what.counter(scope, what._any_period)  # refuses what makes its name too long
    except InvalidSequence as exc:
        raise invalid(place, draft, str(exc)) from None
    return scope


def invalid(place: Place, draft: Draft, problem: str) -> NothingDrawn:
    """The error for a row that can't get a number."""
    return NothingDrawn(InvalidRow(str(place.target.table), draft.key, problem))


def check_complete(place: Place, draft: Draft) -> None:
    """Refuse a draft without one of its values.

    Raises:
        NothingDrawn: there is one.
    """
    if draft.key is None:
        problem = f"its {place.target.key} is NULL, so nothing tells it from others"
        raise invalid(place, draft, problem)
    scope_of(place, draft)
    if place.target.at_from is not None and draft.at is None:
        raise invalid(place, draft, f"its {place.target.at_from} is NULL, so it has no date")
