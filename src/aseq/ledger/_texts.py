"""What both kinds of database are asked about the ledger.

A text names two tables: ``$table`` has the counters, ``$ledger`` the ledger. Moments are
microseconds since 1970, in and out. What isn't given is an empty text, and NULL in the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol, TypeAlias

from aseq._core.dialects import TimedDraw
from aseq._core.statement import Script
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq._sql import quoted_table

COLUMNS = "series, sequence, number, text, document_key, at, issued_at, issued_by, note, state"

BY_KEY = (
    "FROM $ledger WHERE series = CAST(:series AS text) AND document_key = CAST(:key AS text)"
)


BY_NUMBER = "FROM $ledger WHERE sequence = :name AND number = :number"

# What `Texts.write_all` is told of each row, and what it writes.
LINES = "s, q, n, t, k"
WRITTEN = f"INSERT INTO $ledger ({COLUMNS})\nSELECT {LINES}"


class Texts(Protocol):
    """What one kind of database is asked."""

    def look(self, wait: Wait) -> Script:
        """Looks for ``:key``, and takes the place in the queue if it isn't there.

        The answer is a row: how many milliseconds it took, where `wait` is bounded; the
        transaction's id, or NULL if the place wasn't taken; and the number that the key has,
        as the JSON list ``[number, text, at]``, or NULL. Or there is no row: the place was
        taken, and the key has no number.
        """
        ...

    def look_for_all(self, wait: Wait) -> Script:
        """Looks for all of ``:keys``, and takes the place in the queue if one isn't there.

        ``:keys`` is a JSON list of ``{"s": series, "k": key}``, and ``:wanted`` how many there
        are. The answer is a row as that of `look`, but that all are told that have a number:
        as the JSON list of lists ``[series, key, number, text, at, state]``, or NULL.
        """
        ...

    def find_all(self) -> Script:
        """Those of ``:keys`` that have a number: a row for each, with such a list."""
        ...

    def write_all(self) -> Script:
        """Writes the rows ``:rows`` of the ledger. The answer is a row for each.

        ``:rows`` is a JSON list of ``{"s": series, "q": sequence, "n": number, "t": text,
        "k": key, "a": at}``. Without ``at``, it is the moment at which they are written.
        """
        ...

    def look_again(self) -> Script:
        """Looks for ``:key`` behind the queue: the JSON list, or no row.

        Empty, if the first look was behind it already.
        """
        ...

    def draw(self, kind: TimedDraw, *, keyed: bool) -> Script | None:
        """Looks for ``:key``, draws, and writes the row of the ledger, in one statement.

        The answer is that of `Dialect.timed_draw` and two columns more: NULL if no row was
        written to the ledger, and the JSON list of the key. None if there is no such
        statement.
        """
        ...

    def write(self, *, keyed: bool) -> Script:
        """Writes the row of the ledger for ``:number``. The answer is a row if it did."""
        ...

    def void(self) -> Script:
        """Makes ``:number`` of ``:name`` void. The answer is a row if it did."""
        ...

    def state(self) -> Script:
        """Reads the state of ``:number`` of ``:name``: the JSON list ``[state, reason]``."""
        ...


@lru_cache(maxsize=1024)
def on_ledger(script: Script, ledger: TableName) -> Script:
    """A script with the ledger's table in its place."""
    name = quoted_table(ledger)
    return tuple(each._replace(text=each.text.replace("$ledger", name)) for each in script)


def wanted(keys: Iterable[tuple[str, str]]) -> str:
    """Keys, each with its series, as ``:keys``."""
    return json.dumps([{"s": series, "k": key} for series, key in keys], ensure_ascii=False)


Line: TypeAlias = tuple[str, str, int, str, str, int | None]
"""Series, sequence, number, text, key and moment of a row for the ledger."""


def written(lines: Iterable[Line]) -> str:
    """Rows for the ledger, as ``:rows``."""
    told = [dict(zip("sqntka", line, strict=True)) for line in lines]
    return json.dumps(told, ensure_ascii=False)
