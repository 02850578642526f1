"""Making a number void, as a plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aseq._core.scripts import NothingDrawn, Plan, say, statements
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Row, Script
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import LedgerConflict, NotInLedger

from ._issue import texts_of
from ._texts import on_ledger

_VOID_BEFORE = "{0!r} is void already, for another reason, which stays: {1!r}"
_CHANGED = (
    "{0!r} couldn't be made void. Look for triggers, rules and row-level security on the ledger"
)


@dataclass(frozen=True)
class Void:
    """One number to make void.

    Attributes:
        ledger: where the ledger is on the connection.
        sequence: the sequence of the number.
        number: the number alone.
        text: as it is printed.
        reason: why.
        by: who has it made void; empty if nobody said.
    """

    ledger: TableName
    sequence: SequenceSpec
    number: int
    text: str
    reason: str
    by: str


def void(asked: Void, info: ConnectionInfo) -> Plan[bool]:
    """Make a number void; whether it wasn't before."""
    table = TableName.parse(info.adapt(asked.sequence).table)
    binds: dict[str, Bind] = {
        "name": asked.sequence.name,
        "number": asked.number,
        "reason": asked.reason,
        "by": asked.by,
    }

    def ask(script: Script) -> Plan[Sequence[Row]]:
        return say(
            statements(on_ledger(script, asked.ledger, info.dialect.quote), table, binds)
        )

    if (yield from ask(texts_of(info.dialect).void())):
        return True
    rows = yield from ask(texts_of(info.dialect).state())
    if not rows:
        missing = NotInLedger(asked.text, asked.sequence.name, str(asked.ledger))
        raise NothingDrawn(missing)
    state, reason = json.loads(str(rows[0][0]))
    if state != "void":
        raise NothingDrawn(LedgerConflict(asked.sequence.name, _CHANGED.format(asked.text)))
    if reason != asked.reason:
        problem = _VOID_BEFORE.format(asked.text, reason)
        raise NothingDrawn(LedgerConflict(asked.sequence.name, problem))
    return False
