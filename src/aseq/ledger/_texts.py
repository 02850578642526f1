"""What each kind of database is asked about the ledger.

A text names two tables: ``$table`` has the counters, ``$ledger`` the ledger. Moments are
microseconds since 1970, in and out. What isn't given is an empty text, and NULL in the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeAlias

from aseq._core.dialects import TimedDraw
from aseq._core.statement import Row, Script, on_table
from aseq._core.table import TableName
from aseq._core.waiting import Wait

COLUMNS = "series, sequence, number, text, document_key, at, issued_at, issued_by, note, state"

BY_KEY = (
    "FROM $ledger WHERE series = CAST(:series AS text) AND document_key = CAST(:key AS text)"
)


BY_NUMBER = "FROM $ledger WHERE sequence = :name AND number = :number"

# What `Texts.write_all` is told of each row, and what it writes.
LINES = "s, q, n, t, k"
WRITTEN = f"INSERT INTO $ledger ({COLUMNS})\nSELECT {LINES}"


class Texts(Protocol):
    """What one kind of database is asked.

    Attributes:
        gives_back: a write may find that the key is there, and then the draw is undone.
    """

    gives_back: bool = False

    def look(self, wait: Wait) -> Script:
        """Looks for ``:key``, and takes the place in the queue if it isn't there.

        The answer is a row: how many milliseconds it took, where `wait` is bounded; the
        transaction's id, or NULL if the place wasn't taken; and the number that the key has,
        as the JSON list ``[number, text, at]``, or NULL. Or there is no row: the place was
        taken, and the key has no number; or no place is to be taken before the draw.
        """
        ...

    def look_for_all(self, wait: Wait) -> Script:
        """Looks for all of ``:keys``, and takes the place in the queue if one isn't there.

        ``:keys`` is a JSON list of ``{"s": series, "k": key}``, and ``:wanted`` how many there
        are. The answer is rows as that of `look`, but that all are told that have a number:
        as JSON lists of lists ``[series, key, number, text, at, state]``, or NULL.
        """
        ...

    def find_all(self) -> Script:
        """Those of ``:keys`` that have a number: a row for each, with such a list."""
        ...

    def write_all(self, wait: Wait, *, keyed: bool) -> Script:
        """Writes the rows ``:rows`` of the ledger; all, or none: see `all_written`.

        ``:rows`` is a JSON list of ``{"s": series, "q": sequence, "n": number, "t": text,
        "k": key, "a": at}``. Without ``at``, it is the moment at which they are written.
        `keyed` is as for `write`.
        """
        ...

    def all_written(self, rows: Sequence[Row], lines: int) -> bool:
        """Whether `write_all` has answered that it wrote so many."""
        return len(rows) == lines

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

    def write(self, wait: Wait, *, keyed: bool) -> Script:
        """Writes the row of the ledger for ``:number``. The answer is a row if it did.

        If it is `keyed`, a key that is there is no error where `recall` finds it.
        """
        ...

    def recall(self, wait: Wait) -> Script:
        """Looks for ``:key`` as it is now, whatever the snapshot: the JSON list, or no row.

        For a write that found it to be there. Empty, if none ever does.
        """
        return ()

    def recall_all(self, wait: Wait) -> Script:
        """Looks for all of ``:keys`` as they are now: a row for each, as of `find_all`."""
        return ()

    def take_back(self, *, made: bool) -> Script:
        """Takes back a draw of this transaction. The answer is a row if it did.

        ``:number`` is the last that was drawn, ``:advance`` how far that went; `made` tells
        whether the first one was.
        """
        return ()

    def void(self) -> Script:
        """Makes ``:number`` of ``:name`` void. The answer is a row if it did."""
        ...

    def state(self) -> Script:
        """Reads the state of ``:number`` of ``:name``: the JSON list ``[state, reason]``."""
        ...


@lru_cache(maxsize=1024)
def on_ledger(script: Script, ledger: TableName, quote: str) -> Script:
    """A script with the ledger's table in its place."""
    name = on_table("$table", quote, ledger)
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
