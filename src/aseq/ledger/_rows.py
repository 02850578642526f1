"""The ledger as rows see it that get their numbers: see `aseq.issuing._book.Book`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aseq._core.scripts import PartlyDrawn, Plan, say, statements
from aseq._core.statement import Bind, Row, Script
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AseqError, LedgerConflict
from aseq.issuing._book import Had, Line, Page

from ._entry import Entry
from ._explain import explained
from ._issue import NOT_WRITTEN, texts_of
from ._texts import on_ledger, wanted, written


@dataclass(frozen=True, slots=True)
class RowLedger:
    """A ledger, and what its rows say beside the numbers.

    Attributes:
        table: the ledger's, as the caller calls it.
        entry: by whom, and a note; no key.
    """

    table: TableName
    entry: Entry

    def look(self, page: Page, keys: Iterable[tuple[str, str]]) -> Plan[list[Had]]:
        """Look for keys, each with its series, behind the queues of their sequences."""
        script = texts_of(page.dialect).find_all()
        rows = yield from _say(page, script, {"keys": wanted(keys)})
        told = (json.loads(str(each)) for (each,) in rows)
        return [
            Had(series, key, number, text, at, state == "void")
            for series, key, number, text, at, state in told
        ]

    def write(self, page: Page, lines: Sequence[Line]) -> Plan[None]:
        """Write numbers that were drawn."""
        binds = {**self.entry.binds, "rows": written(lines)}
        texts = texts_of(page.dialect)
        rows = yield from _say(page, texts.write_all(Wait.ANY, keyed=False), binds)
        if not texts.all_written(rows, len(lines)):
            raise PartlyDrawn(LedgerConflict(lines[0].sequence, NOT_WRITTEN))

    def explained(self, exc: Exception, name: str, info: ConnectionInfo) -> AseqError | None:
        """Our error for a driver's error about the ledger; None if the driver's is as good."""
        return explained(exc, name, self.table, info)


def _say(page: Page, script: Script, binds: dict[str, Bind]) -> Plan[Sequence[Row]]:
    return say(
        statements(on_ledger(script, page.table, page.dialect.quote), page.counters, binds)
    )
