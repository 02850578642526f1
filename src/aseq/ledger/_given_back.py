"""Giving back what was drawn for a key that somebody else got a number for meanwhile.

The counter's row stays locked from the draw to the end of the transaction, so nobody has seen
that it was drawn from, and nobody can have drawn after it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aseq._core.scripts import PartlyDrawn, Plan
from aseq._core.statement import Row
from aseq.errors import LedgerConflict

from ._explain import THERE
from ._issue import Issue

_STAYS = "a number was drawn for a key that has one, and can't be taken back"

_GARBLED = (
    "the database gives keys back as other texts than it got, so none is found again: the "
    "session's character set isn't the driver's. Leave SET NAMES to the driver"
)


def give_back(asked: Issue, values: Sequence[int]) -> Plan[object]:
    """What the key has now, after the row of the ledger wasn't written; the draw is undone.

    Args:
        asked: what was to be issued.
        values: what was drawn.

    Raises:
        PartlyDrawn: the key isn't what was in the way.
    """
    rows = yield from asked.say(asked.texts.recall(asked.waiting.kind))
    yield from _take_back(asked, values, rows)
    return rows[0][0]


def give_back_all(
    asked: Issue, keys: Sequence[str], values: Sequence[int]
) -> Plan[list[Sequence[Any]]]:
    """What those of some keys have that have a number now; the draw for all is undone.

    Args:
        asked: what was to be issued.
        keys: for which keys.
        values: what was drawn.

    Raises:
        PartlyDrawn: none of the keys was what was in the way, or they are told wrong.
    """
    script = asked.texts.recall_all(asked.waiting.kind)
    rows = yield from asked.say(script, keys=asked.keys(keys))
    found = [json.loads(str(told)) for (told,) in rows]
    if not {key for _, key, *_ in found} <= {*keys}:
        raise PartlyDrawn(LedgerConflict(asked.spec.name, _GARBLED))
    yield from _take_back(asked, values, rows)
    return found


def _take_back(asked: Issue, values: Sequence[int], found: Sequence[Row]) -> Plan[None]:
    spec = asked.spec
    if not found:
        raise PartlyDrawn(LedgerConflict(spec.name, THERE.format(asked.ledger)))
    script = asked.texts.take_back(made=values[0] == spec.initial_value)
    binds = {"number": values[-1], "advance": len(values) * spec.step}
    if not (yield from asked.say(script, **binds)):
        raise PartlyDrawn(LedgerConflict(spec.name, _STAYS))
