"""Issuing for many keys at once, as a plan: one place in the queue, and one draw for all.

Look for all keys, and take the place in the queue if one isn't there; look again behind it;
draw for those that are left; write their rows. Each is one statement, however many they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from aseq._core.scripts import Plan
from aseq._core.statement import Bind
from aseq._core.timed import Timed, next_values_within
from aseq.errors import InvalidSequence

from ._entry import KEY_LIMIT, text
from ._given_back import give_back_all
from ._issue import Issue, check_written, had
from ._plans import entered, once_more
from ._texts import written

MOST = 10_000
"""How many keys one call takes: others wait until its transaction ends."""


class GivenMany(NamedTuple):
    """What the caller gets.

    Attributes:
        numbers: by their keys, in the order of the keys.
        drawn: how many are new.
    """

    numbers: dict[str, Any]
    drawn: int


def keys_of(keys: object) -> tuple[str, ...]:
    """The keys for the argument of this name.

    Raises:
        InvalidSequence: they can't work.
    """
    if isinstance(keys, str | bytes | Mapping) or not isinstance(keys, Collection):
        raise InvalidSequence("keys", f"must be a list of keys, not {keys!r}")
    if len(keys) > MOST:
        raise InvalidSequence(
            "keys",
            f"has {len(keys):,}, and one call takes {MOST:,} at most: others wait for the "
            "sequence until its transaction ends. Use several transactions",
        )
    found = tuple(text("keys", key, KEY_LIMIT) for key in keys)
    if len(set(found)) < len(found):
        [(twice, _)] = Counter(found).most_common(1)
        raise InvalidSequence("keys", f"has {twice!r} twice: a key is for one document")
    return found


def issue_many(asked: Issue, keys: Sequence[str]) -> Plan[GivenMany]:
    """The numbers of the keys: those that they have, or new ones."""
    numbers, asked = yield from _look(asked, keys)
    new = [key for key in keys if key not in numbers]
    drawn = 0
    if new:
        more, drawn = yield from _issue_new(asked, new)
        numbers |= more
    return GivenMany({key: numbers[key] for key in keys}, drawn)


def _look(asked: Issue, keys: Sequence[str]) -> Plan[tuple[dict[str, Any], Issue]]:
    """The numbers that keys have, and how the rest is to be asked for."""
    binds: dict[str, Bind] = {"keys": asked.keys(keys), "wanted": len(keys)}
    script = asked.texts.look_for_all(asked.waiting.kind)
    rows = yield from asked.say(script, **binds)
    told = (each for row in rows for each in json.loads(str(row[2] or "[]")))
    numbers = _numbers(asked, told)
    if len(numbers) == len(keys) or not rows:
        return numbers, asked
    asked = entered(asked, rows[0])
    if asked.texts.look_again():  # the first look was in front of the queue
        rows = yield from asked.say(asked.texts.find_all(), **binds)
        numbers = _numbers(asked, (json.loads(str(told)) for (told,) in rows))
    return numbers, asked


def _numbers(asked: Issue, found: Iterable[Sequence[Any]]) -> dict[str, Any]:
    return {key: had(asked.counter, value, text, at) for _, key, value, text, at, _ in found}


def _issue_new(asked: Issue, keys: Sequence[str]) -> Plan[GivenMany]:
    tries = 0
    while True:
        spec, dialect = asked.spec, asked.info.dialect
        drawn = yield from next_values_within(
            spec, dialect, len(keys), asked.span, asked.waiting
        )
        if drawn.values is not None:
            return (yield from _write(asked, keys, drawn))
        tries += 1
        asked = once_more(asked, drawn, tries)


def _write(asked: Issue, keys: Sequence[str], drawn: Timed) -> Plan[GivenMany]:
    at, values = drawn.clock if asked.at is None else asked.at, drawn.values or ()
    numbers = dict(zip(keys, asked.counter.numbers(values, at), strict=True))
    lines = (
        (asked.lane.series, asked.spec.name, value, str(numbers[key]), key, at)
        for key, value in zip(keys, values, strict=True)
    )
    asked = replace(asked, waiting=drawn.left)
    script = asked.texts.write_all(asked.waiting.kind, keyed=True)
    rows = yield from asked.say(script, rows=written(lines))
    if not rows and asked.texts.gives_back:
        return (yield from _after_others(asked, keys, values))
    check_written(asked.spec, written=asked.texts.all_written(rows, len(keys)))
    return GivenMany(numbers, len(keys))


def _after_others(asked: Issue, keys: Sequence[str], values: Sequence[int]) -> Plan[GivenMany]:
    """Some keys have got their numbers meanwhile: once more, for the rest."""
    numbers = _numbers(asked, (yield from give_back_all(asked, keys, values)))
    left = [key for key in keys if key not in numbers]
    if not left:
        return GivenMany(numbers, 0)
    more, drawn = yield from _issue_new(asked, left)
    return GivenMany(numbers | more, drawn)
