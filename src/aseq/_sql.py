"""SQL put together from parts, with its values bound wherever they stand.

Texts about the caller's own tables depend on their names and columns, so they are made when
they are needed, and a caller's own condition (``where=``) is part of them: whatever it contains
must be taken as it is. So a value leaves a mark that can be in no SQL: its place among the
values, between two NUL characters. (Names and conditions with NUL are refused.) So do a name,
which not every database quotes alike, and the few words that not every database has.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from ._core.failure import Code
from ._core.statement import Bind, Paramstyle, Row
from ._core.table import TableName
from .errors import InvalidSequence, UnsupportedConnection

T = TypeVar("T")
Texts = TypeVar("Texts")


class Binds:
    """Collects the values of one query."""

    def __init__(self) -> None:
        self.values: list[Bind] = []

    def __call__(self, value: Any) -> str:
        """Note a value, and return what stands for it in the text."""
        self.values.append(value)
        return f"\0{len(self.values) - 1}\0"


@dataclass(frozen=True)
class Query:
    """One thing to ask, which a plan yields as it would a `Statement`.

    Attributes:
        text: with marks for its values.
        values: those values.
        table: of the sequences.
        words: what the database says for some of the words below, if it isn't the word.
        nothing_on: codes of errors after which the plan goes on as without a row.
    """

    text: str
    values: tuple[Bind, ...]
    table: TableName
    words: Mapping[str, str] = field(default_factory=dict, compare=False)
    nothing_on: frozenset[Code] = frozenset()
    timeout: float | None = field(default=None, init=False)
    queues: bool = field(default=False, init=False)
    waited: None = field(default=None, init=False)
    reads: bool = field(default=False, init=False)

    def render(
        self, quote: str, paramstyle: Paramstyle, _table: TableName, _inside: str = ""
    ) -> tuple[str, tuple[Bind, ...]]:
        """The text as one kind of driver takes it, and its arguments in order."""
        pieces: list[str] = []
        args: list[Bind] = []
        for i, piece in enumerate(self.text.split("\0")):
            if i % 2 and piece.isdigit():
                args.append(self.values[int(piece)])
                pieces.append(_PLACES[paramstyle].format(len(args)))
                continue
            said = self._spelled(piece, quote) if i % 2 else piece
            pieces.append(said.replace("%", "%%") if paramstyle == "format" else said)
        return "".join(pieces), tuple(args)

    def _spelled(self, mark: str, quote: str) -> str:
        kind, said = mark[0], mark[1:]
        if kind == _NAME:
            return quote + said.replace(quote, quote * 2) + quote
        if kind == _LITERAL:
            return _literal(said).replace("\\", self.words.get("\\", "\\"))
        return self.words.get(said, said)


_NAME, _WORD, _LITERAL = "n", "w", "l"

TEXT, BIGINT, NUMERIC, MATERIALIZED, JOIN, LENGTH, MODULO, SELECT = (
    f"\0{_WORD}{word}\0"
    for word in ("text", "bigint", "numeric", "MATERIALIZED", "JOIN", "length", "%", "SELECT")
)
"""Words that not every database has: types to cast to, hints, how to count characters,
what gives a remainder, how a statement about many rows begins."""

Plan: TypeAlias = Generator[Query, Sequence[Row], T]
"""As a plan of the core's, but its statements are queries."""

_PLACES: dict[Paramstyle, str] = {"qmark": "?", "format": "%s", "numeric_dollar": "${}"}


class ByDialect(dict[str, Texts]):
    """What is asked, for each dialect that knows it.

    Args:
        texts: by the names of the dialects.
        instead: what to do on any other database.
    """

    def __init__(self, texts: Mapping[str, Texts], instead: str) -> None:
        super().__init__(texts)
        self._instead = instead

    def __missing__(self, dialect: str) -> Texts:
        raise UnsupportedConnection(f"a connection to {dialect}", self._instead)


def quoted(name: str) -> str:
    """An identifier, as PostgreSQL and SQLite write it."""
    return '"' + name.replace('"', '""') + '"'


def quoted_table(table: TableName) -> str:
    """A table with its schema, if it has one."""
    parts = (table.name,) if table.schema is None else (table.schema, table.name)
    return ".".join(map(quoted, parts))


def named(name: str) -> str:
    """An identifier, for a `Query`: quoted as its database does it."""
    return f"\0{_NAME}{name}\0"


def named_table(table: TableName) -> str:
    """A table with its schema, if it has one, for a `Query`."""
    parts = (table.name,) if table.schema is None else (table.schema, table.name)
    return ".".join(map(named, parts))


def literal(text: str) -> str:
    """A text, for a `Query` whose condition people may read."""
    return f"\0{_LITERAL}{text}\0"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def readable(text: str) -> str:
    """The text of a `Query` for people: names as they are called."""
    text = re.sub(f"\0{_LITERAL}([^\0]*)\0", lambda found: _literal(found[1]), text)
    return re.sub(f"\0{_NAME}([^\0]*)\0", r"\1", text)


def condition(text: object) -> str | None:
    """The condition for the argument ``where``, or None.

    Raises:
        InvalidSequence: it is no text, or an empty one.
    """
    if text is None or (isinstance(text, str) and text.strip() and "\0" not in text):
        return text
    example = "\"status <> 'draft'\""
    raise InvalidSequence(
        "where", f"must be a condition in SQL, such as {example}, not {text!r}"
    )
