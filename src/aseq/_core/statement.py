"""SQL with named parameters, and the ways in which drivers write them.

A template names two kinds of thing. ``$table`` is the table, quoted as the dialect
quotes, and put in as text because it is an identifier (``$literal``: the same as a string
literal; ``$bare``: its name alone, for the names of constraints). ``:name`` is a value,
and always bound; the two colons of PostgreSQL's casts are none. ``$inside`` is a condition:
that a transaction is open, where the server can tell in the statement and is to do so.

Dialects make their templates out of fragments with `str.format` and ``{}``. That is over
when the module has been imported: to a template, a brace is a brace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from .failure import Code
from .table import TableName

Bind: TypeAlias = int | str
Row: TypeAlias = Sequence[object]
Paramstyle: TypeAlias = Literal["qmark", "format", "numeric_dollar"]

_NO_BINDS: Mapping[str, Bind] = MappingProxyType({})

IN_DOUBT: Row = ("in doubt",)
"""The row of an answer that can't be told from one that isn't about the statement."""

BIND = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
"""A parameter in a template; its name is the first group."""
_IDENTIFIER = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Template(NamedTuple):
    """What a dialect says in one statement, with its table and its values still named.

    Attributes:
        text: the SQL.
        queues: it takes a place in the fair queue, which is kept until the transaction
            ends. The second column of its row is the transaction's id.
        waited: in which column of a row the server tells how long the statement had taken
            when it had its last lock, in microseconds; None if it doesn't tell.
        nothing_on: codes of errors by which the server says that nothing was drawn, and
            after which the transaction is as it was: there is no row then.
        reads: it draws nothing, and takes no place: an error after it loses nothing.
        confirm: reads the answer once more where it is `IN_DOUBT`, with the same values; no
            row if it was another one.
    """

    text: str
    queues: bool = False
    waited: int | None = None
    nothing_on: frozenset[Code] = frozenset()
    reads: bool = False
    confirm: str = ""


Script: TypeAlias = tuple[Template, ...]
"""The statements of one operation, with the same values for all. The last one answers."""


class Statement(NamedTuple):
    """One thing to say to a database.

    Attributes:
        template: what the dialect says.
        table: the table it is about, as the sequence names it.
        binds: a value for each parameter (and maybe for others).
        timeout: seconds to wait for the database's own lock at most (on SQLite, the busy
            timeout; servers are told so in the text); None: as long as it is set up.
        queues_for: in whose queues it takes a place, if it does; None: in that of ``:queue``.
    """

    template: Template
    table: TableName
    binds: Mapping[str, Bind] = _NO_BINDS
    timeout: float | None = None
    queues_for: tuple[str, ...] | None = None

    @property
    def queues(self) -> bool:
        """Whether it takes a place in the fair queue: see `Template`."""
        return self.template.queues

    @property
    def nothing_on(self) -> frozenset[Code]:
        """Which errors only say that nothing was drawn: see `Template`."""
        return self.template.nothing_on

    @property
    def reads(self) -> bool:
        """Whether it draws nothing: see `Template`."""
        return self.template.reads

    @property
    def waited(self) -> int | None:
        """In which column it is told how long it waited: see `Template`."""
        return self.template.waited

    @property
    def queue_names(self) -> Iterable[Bind]:
        """In whose queues it takes a place, if it `queues`."""
        return (self.binds["queue"],) if self.queues_for is None else self.queues_for

    def render(
        self, quote: str, paramstyle: Paramstyle, table: TableName, inside: str = ""
    ) -> tuple[str, tuple[Bind, ...]]:
        """The text as one kind of driver takes it, and its arguments in order."""
        sql, names = _render(self.template.text, quote, paramstyle, table, inside)
        return sql, tuple([self.binds[name] for name in names])


@lru_cache(maxsize=1024)
def _render(
    text: str, quote: str, paramstyle: Paramstyle, table: TableName, inside: str
) -> tuple[str, tuple[str, ...]]:
    pieces: list[str] = []
    names: list[str] = []
    # Text and parameters, in turns. The table comes last: nothing in its name is a parameter.
    for i, piece in enumerate(BIND.split(text)):
        if i % 2:
            pieces.append(_place(piece, names, paramstyle))
        else:
            written = on_table(piece, quote, table, inside)
            pieces.append(written.replace("%", "%%") if paramstyle == "format" else written)
    return "".join(pieces), tuple(names)


def on_table(text: str, quote: str, table: TableName, inside: str = "") -> str:
    """The text with the table in its place, its parameters still named.

    Args:
        text: of a template.
        quote: the dialect's quotation mark for identifiers.
        table: where the table is.
        inside: the condition that the server is in a transaction; empty if any will do.
    """
    parts = (table.name,) if table.schema is None else (table.schema, table.name)
    quoted = ".".join(quote + part.replace(quote, quote * 2) + quote for part in parts)
    literal = "'" + quoted.replace("'", "''") + "'"
    names = {"table": quoted, "literal": literal, "bare": table.name, "inside": inside or "1"}
    return _IDENTIFIER.sub(lambda found: names[found[1] or found[2]], text)


def _place(name: str, names: list[str], paramstyle: Paramstyle) -> str:
    """Write one parameter, and note which argument it takes."""
    if paramstyle == "numeric_dollar" and name in names:
        return f"${names.index(name) + 1}"
    names.append(name)
    return {"qmark": "?", "format": "%s", "numeric_dollar": f"${len(names)}"}[paramstyle]
