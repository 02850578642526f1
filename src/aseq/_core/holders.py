"""Who holds sequences, and who waits for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from aseq.errors import HoldersUnknown

from .dialects import Dialect
from .scripts import Plan, integer, say, statements
from .spec import SequenceSpec
from .statement import Row
from .table import TableName


class Seen(NamedTuple):
    """One backend that holds a sequence or waits for it. Moments are as those of `timed_draw`.

    Attributes:
        sequence: the name of the sequence.
        holds: it holds the sequence; else it waits.
        certain: it is known to hold it.
        own: it is the one that was asked.
        pid: which one; None for a transaction that was prepared, and belongs to none.
        application: what it calls itself.
        user: whose it is.
        state: as the server calls it; None if it is hidden.
        transaction: when its transaction began.
        query: when its latest statement came.
        state_since: when its state changed last.
        clock: when this was asked.
    """

    sequence: str
    holds: bool
    certain: bool
    own: bool
    pid: int | None
    application: str | None
    user: str | None
    state: str | None
    transaction: int | None
    query: int | None
    state_since: int | None
    clock: int


def holders(specs: Sequence[SequenceSpec], dialect: Dialect) -> Plan[list[Seen]]:
    """Ask who holds sequences, and who waits for them; in the order of the sequences."""
    if not dialect.holders:
        raise HoldersUnknown(dialect.name)
    seen = dict[SequenceSpec, list[Seen]]()
    for table, there in _by_table(specs).items():
        script = statements(dialect.holders, table, {"wanted": _wanted(there)})
        for row in (yield from say(script)):
            if row[0] is None:
                raise HoldersUnknown(dialect.name)
            spec = there[cast("int", integer(row[0])) - 1]
            seen.setdefault(spec, []).append(_read(spec, row))
    return [each for spec in specs for each in seen.get(spec, ())]


def _by_table(specs: Iterable[SequenceSpec]) -> Mapping[TableName, list[SequenceSpec]]:
    tables = dict[TableName, list[SequenceSpec]]()
    for spec in dict.fromkeys(specs):
        tables.setdefault(TableName.parse(spec.table), []).append(spec)
    return tables


def _wanted(specs: Sequence[SequenceSpec]) -> str:
    wanted = [
        {"place": place, "called": spec.name, "queue": spec._queue if spec._queued else None}
        for place, spec in enumerate(specs, 1)
    ]
    return json.dumps(wanted, ensure_ascii=False)


def _read(spec: SequenceSpec, row: Row) -> Seen:
    _, pid, holds, certain, own, application, user, state, *moments = row
    transaction, query, state_since, clock = map(integer, moments)
    return Seen(
        sequence=spec.name,
        holds=bool(integer(holds)),
        certain=bool(integer(certain)),
        own=bool(integer(own)),
        pid=integer(pid),
        application=cast("str | None", application) or None,
        user=cast("str | None", user),
        state="prepared" if pid is None else cast("str | None", state),
        transaction=transaction,
        query=query,
        state_since=state_since,
        clock=cast("int", clock),
    )
