"""SQL with named parameters, and the ways in which drivers write them.

A template names two kinds of thing. ``$table`` is the quoted table, put in as text
because it is an identifier (``$literal``: the same as a string literal; ``$bare``: its
name alone, for the names of constraints). ``{name}`` is a value, and always bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import Formatter, Template
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from .table import TableName

Bind: TypeAlias = int | str
Row: TypeAlias = Sequence[object]
Paramstyle: TypeAlias = Literal["qmark", "format", "numeric_dollar"]


_NO_BINDS: Mapping[str, Bind] = MappingProxyType({})


class Statement(NamedTuple):
    """One thing to say to a database.

    Attributes:
        template: the text, with its table and its parameters still named.
        table: the table it is about, as the sequence names it.
        binds: a value for each parameter (and maybe for others).
        nowait: don't wait for the database's own lock (on SQLite, the busy
            timeout; servers are told so in the text).
        queues: it takes a place in the fair queue, which is kept until the transaction
            ends. The second column of its row is the transaction's id.
    """

    template: str
    table: TableName
    binds: Mapping[str, Bind] = _NO_BINDS
    nowait: bool = False
    queues: bool = False

    def render(self, paramstyle: Paramstyle, table: TableName) -> tuple[str, tuple[Bind, ...]]:
        """The text as one kind of driver takes it, and its arguments in order."""
        sql, names = _render(self.template, table, paramstyle)
        return sql, tuple([self.binds[name] for name in names])


@lru_cache(maxsize=1024)
def _render(
    template: str, table: TableName, paramstyle: Paramstyle
) -> tuple[str, tuple[str, ...]]:
    text = on_table(template, table)
    pieces: list[str] = []
    names: list[str] = []
    for literal, name, _, _ in Formatter().parse(text):
        pieces.append(literal.replace("%", "%%") if paramstyle == "format" else literal)
        if name is not None:
            pieces.append(_place(name, names, paramstyle))
    return "".join(pieces), tuple(names)


def on_table(template: str, table: TableName) -> str:
    """The template with the table in its place, its parameters still named."""
    parts = (table.name,) if table.schema is None else (table.schema, table.name)
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
    literal = "'" + quoted.replace("'", "''") + "'"
    names = {"table": quoted, "literal": literal, "bare": table.name}
    # A brace in a name isn't a parameter.
    braced = {key: name.replace("{", "{{").replace("}", "}}") for key, name in names.items()}
    return Template(template).substitute(braced)


def _place(name: str, names: list[str], paramstyle: Paramstyle) -> str:
    """Write one parameter, and note which argument it takes."""
    if paramstyle == "numeric_dollar" and name in names:
        return f"${names.index(name) + 1}"
    names.append(name)
    return {"qmark": "?", "format": "%s", "numeric_dollar": f"${len(names)}"}[paramstyle]
