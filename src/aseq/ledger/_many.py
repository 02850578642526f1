"""Issuing for many keys at once, as a plan: one place in the queue, and one draw for all.

Look for all keys, and take the place in the queue if one isn't there; look again behind it;
draw for those that are left; write their rows. Each is one statement, however many they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aseq._core.scripts import Plan
from aseq._core.statement import Bind
from aseq._core.timed import Timed, next_values_within
from aseq.errors import InvalidSequence

from ._entry import KEY_LIMIT, text
from ._plans import Issue, check_written, entered, had, once_more
from ._texts import wanted, written

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
    if new:
        numbers |= yield from _issue_new(asked, new)
    return GivenMany({key: numbers[key] for key in keys}, len(new))


def _look(asked: Issue, keys: Sequence[str]) -> Plan[tuple[dict[str, Any], Issue]]:
    """The numbers that keys have, and how the rest is to be asked for."""
    told = wanted((asked.lane.series, key) for key in keys)
    binds: dict[str, Bind] = {"keys": told, "wanted": len(keys)}
    script = asked.texts.look_for_all(asked.waiting.kind)
    rows = yield from asked.say(script, **binds)
    numbers = _numbers(asked, json.loads(str(rows[0][2] or "[]")))
    if len(numbers) == len(keys):
        return numbers, asked
    asked = entered(asked, rows[0])
    if asked.texts.look_again():  # the first look was in front of the queue
        rows = yield from asked.say(asked.texts.find_all(), **binds)
        numbers = _numbers(asked, (json.loads(str(told)) for (told,) in rows))
    return numbers, asked


def _numbers(asked: Issue, found: Iterable[Sequence[Any]]) -> dict[str, Any]:
    return {key: had(asked.counter, value, text, at) for _, key, value, text, at, _ in found}


def _issue_new(asked: Issue, keys: Sequence[str]) -> Plan[dict[str, Any]]:
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


def _write(asked: Issue, keys: Sequence[str], drawn: Timed) -> Plan[dict[str, Any]]:
    at, values = drawn.clock if asked.at is None else asked.at, drawn.values or ()
    numbers = dict(zip(keys, asked.counter.numbers(values, at), strict=True))
    lines = (
        (asked.lane.series, asked.spec.name, value, str(numbers[key]), key, at)
        for key, value in zip(keys, values, strict=True)
    )
    rows = yield from asked.say(asked.texts.write_all(), rows=written(lines))
    check_written(asked.spec, written=len(rows) == len(keys))
    return numbers
